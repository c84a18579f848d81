using System.Text.Json.Serialization;
using Cluster.Core.Logs;
using Cluster.Core.Secrets;

namespace Cluster.Core.Grains.Principals;

/// <summary>A token of a principal. Its secret is kept as a hash alone.</summary>
public sealed record PrincipalToken(string Id, string Hash, string Label, DateTimeOffset At);

/// <summary>The principal has become known.</summary>
public sealed record PrincipalMade(bool Admin, DateTimeOffset At) : IRecord;

/// <summary>A token is good from now on.</summary>
public sealed record TokenIssued(PrincipalToken Token) : IRecord;

/// <summary>A token is good no longer.</summary>
public sealed record TokenRevoked(string Id, string By) : IRecord;

/// <summary>What a principal's grain holds.</summary>
public sealed class PrincipalState : IGrainState
{
    /// <summary>The index that finds a principal by a token's hash.</summary>
    public const string TokenIndex = "token";

    public bool Exists { get; set; }

    public bool Admin { get; set; }

    public DateTimeOffset? MadeAt { get; set; }

    /// <summary>By id.</summary>
    public Dictionary<string, PrincipalToken> Tokens { get; init; } = [];

    [JsonIgnore]
    public DateTimeOffset? NextDue => null;

    public static LogId Log(string name) => new("principal", name);

    /// <summary>Whose token this is; null when it is none that is good.</summary>
    public PrincipalToken? Find(string hash) => Tokens.Values.FirstOrDefault(token => token.Hash == hash);

    /// <summary>Makes the principal, and a token that the operator has given or asks for.</summary>
    /// <param name="name">The principal.</param>
    /// <param name="admin">Whether it may do everything.</param>
    /// <param name="hash">SHA-256 of the token.</param>
    /// <param name="label">What the token is called.</param>
    /// <param name="now">The store's time.</param>
    public Decision<bool> Issue(string name, bool admin, string hash, string label, DateTimeOffset now)
    {
        if (Find(hash) is not null)
        {
            return true;
        }

        var issued = new TokenIssued(new PrincipalToken(Secret.NewShortId(), hash, label, now));
        return Decision.Of<bool>(Exists ? [issued] : [new PrincipalMade(admin, now), issued], true).With(
            puts: [new IndexRow(new IndexEntry(TokenIndex, hash, Log(name)), "")],
            audits: [new AuditNote("node", "token.new", $"{issued.Token.Id} {label}")]);
    }

    /// <summary>Ends a token.</summary>
    public Decision<bool> Revoke(string name, string id, string by) =>
        !Tokens.TryGetValue(id, out var token) ? false
        : Decision.Of(new TokenRevoked(id, by), true).With(
            removes: [new IndexEntry(TokenIndex, token.Hash, Log(name))],
            audits: [new AuditNote(by, "token.revoke", id)]);

    public void Apply(IRecord record, long position)
    {
        switch (record)
        {
            case PrincipalMade made:
                (Exists, Admin, MadeAt) = (true, made.Admin, made.At);
                break;
            case TokenIssued issued:
                Tokens[issued.Token.Id] = issued.Token;
                break;
            case TokenRevoked revoked:
                Tokens.Remove(revoked.Id);
                break;
            default:
                throw new InvalidOperationException($"A principal takes in no {record.GetType().Name}.");
        }
    }
}

/// <summary>The records of a principal's log.</summary>
public static class PrincipalRecords
{
    public static readonly RecordKinds Kinds = new RecordKinds()
        .Add("principal-made", PrincipalJson.Default.PrincipalMade)
        .Add("token-issued", PrincipalJson.Default.TokenIssued)
        .Add("token-revoked", PrincipalJson.Default.TokenRevoked);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PrincipalMade))]
[JsonSerializable(typeof(TokenIssued))]
[JsonSerializable(typeof(TokenRevoked))]
[JsonSerializable(typeof(PrincipalState))]
public sealed partial class PrincipalJson : JsonSerializerContext;
