namespace Cluster.Chaos.History;

/// <summary>The ways in which a history can break the promises.</summary>
internal enum Violation
{
    /// <summary>Accepted, and its session never got it.</summary>
    Lost,

    /// <summary>Accepted, and the engine has it in no state that is an end.</summary>
    NoVisibleEnd,

    /// <summary>Submitted after another was accepted, and first delivered before it.</summary>
    OutOfOrder,

    /// <summary>Delivered again without saying so.</summary>
    UnmarkedRepeat,

    /// <summary>Delivered under an event id that the engine does not know, or other than the answer told.</summary>
    UnknownEvent,

    /// <summary>Delivered to another session than it was for.</summary>
    WrongSession,

    /// <summary>One submission, two events.</summary>
    EnteredTwice,

    /// <summary>A reply whose call was answered stands in the engine not exactly once.</summary>
    ReplyNotOnce,

    /// <summary>A row was changed under an epoch, or by a lease holder, of the past.</summary>
    OldEpoch,

    /// <summary>A lease was taken while another node held it.</summary>
    TwoHolders,

    /// <summary>A log lacks a position.</summary>
    Gap,

    /// <summary>A record stands in a log under a claim that is not the latest before it.</summary>
    OldClaim,

    /// <summary>A record was written under a claim of a node that had ended before.</summary>
    DeadClaim,

    /// <summary>A session read an event, or a batch of events, that no record knows.</summary>
    Unrecorded,

    /// <summary>A session read a batch that was sent under an older claim than one that it had read before.</summary>
    OldPush,
}
