using System.Text.Json;
using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Storage.Mailboxes;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Mailboxes;

/// <summary>What the suites of what is kept back stand on: a source that may come to <c>alice/api</c>, and its events.</summary>
public abstract class HeldStoreSuite(TestDatabase database) : StoreSuite(database), IAsyncLifetime
{
    protected static readonly Identity Ci = Identity.Source("ci");

    protected HoldStore Holds => new(Engine);

    protected EventLives Lives => new(Engine);

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
    }

    protected Submission Webhook(string name, bool stranger = false) => new()
    {
        Session = Api,
        Sender = Ci,
        AccessVersion = 0,
        Kind = EventKind.Webhook,
        ChatId = Ci.Value,
        Name = "github.check_run",
        Trust = stranger ? Trust.Stranger : Trust.System,
        Body = Framing.Webhook(
            new WebhookSummary
            {
                Name = "github.check_run",
                Trusted = [new WebhookField { Name = "repository", Text = "acme/api" }],
                Untrusted = [new WebhookField { Name = "name", Text = name }],
            },
            "Look into it."),
        At = Clock.GetUtcNow(),
        Route = "one",
    };

    protected Submission Folded(string name, string fold = "fold", int within = 30, int atMost = 300, bool stranger = false) => Webhook(name, stranger) with
    {
        Hold = new Hold { Until = Clock.GetUtcNow().AddSeconds(within), Limit = Clock.GetUtcNow().AddSeconds(atMost), Fold = fold },
    };

    /// <summary>A recovery, which its sender wants told unless it says why not.</summary>
    protected Submission Well(string subject, string? filter = null) => Webhook("well") with
    {
        Subject = subject,
        FilterReason = filter,
        Hold = new Hold { Until = Clock.GetUtcNow(), Limit = Clock.GetUtcNow(), Recovers = true },
    };

    protected async Task<Submission> CurrentAsync(Submission submission) => submission with { AccessVersion = await VersionAsync() };

    protected async Task<long> AcceptAsync(Submission submission) =>
        Assert.IsType<AppendOutcome.Accepted>(await AppendAsync(await CurrentAsync(submission))).EventId;

    /// <summary>As the loop of a node does.</summary>
    protected async Task LetGoAsync()
    {
        foreach (var session in await Holds.DueAsync(Ct))
        {
            await Holds.LetGoAsync(session, Ct);
        }
    }

    /// <summary>Events of one fold, and the message that they have become.</summary>
    protected async Task<(long Message, IReadOnlyList<long> Members)> FoldAsync(params string[] names)
    {
        var members = new List<long>();
        foreach (var name in names)
        {
            members.Add(await AcceptAsync(Folded(name)));
        }

        Clock.Advance(TimeSpan.FromSeconds(30));
        await LetGoAsync();
        return ((await Conversations.EventsAsync(Api, null, null, 1, Ct)) is [var newest] ? long.Parse(newest.Id) : 0, members);
    }

    protected static JsonElement Json(Delivery told) => JsonDocument.Parse(told.Body[(told.Body.IndexOf('\n') + 1)..]).RootElement;

    protected static IReadOnlyList<long> Ids(Delivery told) => [.. Json(told).GetProperty("event_ids").EnumerateArray().Select(id => id.GetInt64())];
}
