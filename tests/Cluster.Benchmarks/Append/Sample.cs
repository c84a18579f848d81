using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks.GitHub;
using Cluster.Storage.Engines;

namespace Cluster.Benchmarks.Append;

/// <summary>Submissions of one kind: all alike but for their two dedupe keys.</summary>
internal sealed class Sample
{
    public const string Message =
        "The nightly import has stopped again at the third file, and this time the log names a customer whose address has no country. "
        + "Could you look at how the parser treats an empty column there, compare it with what the old importer did, and tell me whether we can "
        + "skip such rows for now? If so, please open a pull request with a test; if not, say what would break. I am back at two o'clock. Thanks!";

    private readonly Submission _template;

    private Sample(string name, Submission template)
    {
        Name = name;
        _template = template;
    }

    public static SessionId Session { get; } = new("admin", "api");

    public static Identity Owner { get; } = Identity.Console(Session.Owner);

    public string Name { get; }

    /// <summary>A webhook whose stored payload has the size of a packed check_run and does not shrink further.</summary>
    public static Sample PackedCheckRun()
    {
        var payload = new byte[Packed.Pack(CheckRun.Sample).Length - 1];
        Random.Shared.NextBytes(payload);
        return new Sample($"check_run, {payload.Length:N0} bytes packed beforehand", Webhook(payload));
    }

    /// <summary>A webhook whose payload is packed on the way.</summary>
    public static Sample WholeCheckRun() =>
        new($"check_run, {CheckRun.Sample.Length:N0} bytes, packed on the way", Webhook(CheckRun.Sample));

    public static Sample ChatMessage() =>
        new($"chat message, {Message.Length} bytes", new Submission
        {
            Session = Session,
            Sender = Owner,
            AccessVersion = 0,
            Kind = EventKind.Chat,
            ChatId = Owner.Value,
            Trust = Trust.Owner,
            Body = Message,
            At = DateTimeOffset.UtcNow,
        });

    /// <summary>One more, decided on this version of the allowlist.</summary>
    public Submission Next(long accessVersion)
    {
        Span<byte> hash = stackalloc byte[32];
        Random.Shared.NextBytes(hash);
        return _template with
        {
            AccessVersion = accessVersion,
            DedupeKeys = [DedupeKeys.Delivery("ci", Guid.NewGuid().ToString()), DedupeKeys.Body("ci", hash)],
        };
    }

    private static Submission Webhook(byte[] payload)
    {
        var source = Identity.Source("ci");
        var summary = GitHubEvent.Read("check_run", CheckRun.Sample);
        return new Submission
        {
            Session = Session,
            Sender = source,
            AccessVersion = 0,
            Kind = EventKind.Webhook,
            ChatId = source.Value,
            Name = summary.Name,
            Trust = Trust.System,
            Body = Framing.Webhook(summary, "Find out why it failed, then reply with what you found."),
            Payload = payload,
            At = DateTimeOffset.UtcNow,
        };
    }
}
