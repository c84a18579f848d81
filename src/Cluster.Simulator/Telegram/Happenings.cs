namespace Cluster.Simulator.Telegram;

/// <summary>What the bot did, for whoever waits for it.</summary>
internal sealed class Happenings
{
    /// <summary>By chat.</summary>
    public Feed<long, SimulatedMessage> Messages { get; } = new();

    /// <summary>By chat.</summary>
    public Feed<long, SimulatedMessage> Edits { get; } = new();

    /// <summary>By chat.</summary>
    public Feed<long, SimulatedReaction> Reactions { get; } = new();

    /// <summary>By chat; the topic, where there is one.</summary>
    public Feed<long, long?> Typing { get; } = new();

    /// <summary>By press.</summary>
    public Feed<string, SimulatedPressAnswer> PressAnswers { get; } = new();

    /// <summary>By method: each call as it came in, whatever became of it.</summary>
    public Feed<string, string> Calls { get; } = new();
}
