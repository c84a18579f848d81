using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;

namespace Cluster.Core.Grains.Users;

/// <summary>The identity is linked with a principal.</summary>
public sealed record IdentityLinked(string Principal, DateTimeOffset At) : IRecord;

/// <summary>Whatever the identity has done before counts no longer.</summary>
public sealed record StandingWasRaised(long Standing, string By, DateTimeOffset At) : IRecord;

/// <summary>What the grain of one identity of a person holds. It is the only door for what that person does.</summary>
public sealed class UserState : IGrainState
{
    /// <summary>Whose identity it is; null while it is nobody's.</summary>
    public string? Principal { get; set; }

    /// <summary>Raised by every revocation, and passed with every act.</summary>
    public long Standing { get; set; }

    [JsonIgnore]
    public DateTimeOffset? NextDue => null;

    public static LogId Log(string identity) => new("user", identity);

    /// <summary>What the person says, as a session hears it; null while the identity is nobody's.</summary>
    public SessionMessage? Words(string identity, string text, string clientId, DateTimeOffset now) =>
        Principal is not { } principal
            ? null
            : new SessionMessage { Sender = new Actor(identity, principal, Standing), Text = text, ChatId = identity, ClientId = clientId, At = now };

    /// <summary>Tells a session what the person says.</summary>
    public Decision<bool> Say(string identity, SessionId session, string text, string clientId, DateTimeOffset now) =>
        Words(identity, text, clientId, now) is not { } words
            ? false
            : Decision.Of<bool>([], true).With(tells:
            [
                new Telling(SessionState.Log(session), SessionMessage.Kind, JsonSerializer.SerializeToElement(words, SessionJson.Default.SessionMessage)),
            ]);

    public Decision<bool> Link(string principal, DateTimeOffset now) =>
        Principal == principal ? true : Principal is not null ? false : Decision.Of(new IdentityLinked(principal, now), true);

    /// <summary>From here on nothing that was begun under the present standing counts.</summary>
    public Decision<long> Raise(string by, DateTimeOffset now) => Decision.Of(new StandingWasRaised(Standing + 1, by, now), Standing + 1).With(
        audits: [new AuditNote(by, "standing.raise", $"{Standing + 1}")]);

    /// <summary>Tells sessions of the standing.</summary>
    public Decision<bool> TellStanding(string identity, LogId session) => Decision.Of<bool>([], true).With(tells:
    [
        new Telling(session, StandingRaised.Kind, JsonSerializer.SerializeToElement(new StandingRaised(identity, Standing), SessionJson.Default.StandingRaised)),
    ]);

    public void Apply(IRecord record, long position)
    {
        switch (record)
        {
            case IdentityLinked linked:
                Principal = linked.Principal;
                break;
            case StandingWasRaised raised:
                Standing = raised.Standing;
                break;
            default:
                throw new InvalidOperationException($"A user takes in no {record.GetType().Name}.");
        }
    }
}

/// <summary>The records of a user's log.</summary>
public static class UserRecords
{
    public static readonly RecordKinds Kinds = new RecordKinds()
        .Add("identity-linked", UserJson.Default.IdentityLinked)
        .Add("standing-raised", UserJson.Default.StandingWasRaised);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IdentityLinked))]
[JsonSerializable(typeof(StandingWasRaised))]
[JsonSerializable(typeof(UserState))]
public sealed partial class UserJson : JsonSerializerContext;
