using System.Net;
using Cluster.Core.Api;
using Cluster.Core.Events;
using Cluster.Server.Tests.Chats;
using Cluster.Server.Tests.Pages;
using Cluster.Server.Tests.Routing;
using Cluster.Server.Tests.Webhooks;
using Cluster.Storage.Engines;
using Cluster.Storage.Mailboxes;
using Cluster.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using static Microsoft.Playwright.Assertions;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>What a node does when its store fails in the middle, or holds what the node itself would never write.</summary>
[Trait("House", "old")]
public sealed class StoreTroubleTests(Chromium chromium)
{
    private const long Alice = 184;

    [Fact]
    public async Task A_failure_in_the_middle_of_a_page_is_told_by_a_page()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await node.CreateSessionAsync("api");
        await using var visitor = await Visitor.LogInAsync(chromium, node);
        visitor.Expect("status of 503");
        await visitor.Page.GotoAsync("/login"); // not live: only one call fails
        await node.Services.GetRequiredService<Engine>().TurnAsync(turn => turn.Db.ExecuteAsync("DROP TABLE reply"), default);

        var failed = await visitor.Page.GotoAsync("/s/admin/api");

        Assert.Equal(503, failed!.Status);
        await Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Service Unavailable");
        await Expect(visitor.Page.Locator("main")).ToContainTextAsync("The engine is away");
    }

    [Fact]
    public async Task While_the_engine_is_away_webhooks_get_503_and_enter_when_they_come_again()
    {
        var away = new AwayAppends();
        await using var node = await NodeHost.StartInProcessAsync(adjust: builder => away.Decorate(builder));
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");

        away.Away = true;
        using var refused = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        away.Away = false;
        using var accepted = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("whether this was stored is unknown", await refused.Content.ReadAsStringAsync());
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    [Fact]
    public async Task A_secret_that_is_none_of_its_kind_is_skipped_and_said_once()
    {
        await using var node = await NodeHost.StartInProcessAsync(["--Cluster:Limits:WebhooksPerSecond=100000"]);
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();
        var sample = WebhookSamples.Find("standard-webhooks/contact.created");
        var good = sample.Sender.Scheme(sample.Settings).NewSecret();
        var source = await SourceSecretTests.AddAsync(api, new AddSource { Kind = "github", Name = "ci", Session = "api", Secret = "not base64 at all!" });
        await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE source SET kind = 'standard-webhooks'"), TestContext.Current.CancellationToken);

        using var none = await http.SendAsync(sample.Request(source.Url, good, sample.Body));
        var test = await SourceSecretTests.TestAsync(api, "ci");
        using var rotated = await SourceSecretTests.RotateAsync(api, "ci", new RotateSecret { KeepOldHours = 24, Secret = good });
        using var accepted = await SourceSecretTests.UntilAnsweredAsync(http, () => sample.Request(source.Url, good, sample.Body));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, none.StatusCode);
        Assert.False(test.Ok);
        Assert.Contains("is none of kind standard-webhooks", Assert.Single(test.Steps));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.InRange(node.Log.Lines.Count(line => line.Text.Contains("A secret of source ci cannot be read")), 1, 2); // the present one, then as an old one
    }

    [Fact]
    public async Task A_delivery_under_an_old_secret_is_in_even_if_its_use_cannot_be_noted()
    {
        await using var node = await NodeHost.StartInProcessAsync(["--Cluster:Limits:WebhooksPerSecond=100000"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        using var api = node.Api();
        (await SourceSecretTests.RotateAsync(api, "ci", new RotateSecret { KeepOldHours = 24 })).Dispose();
        await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync("CREATE TRIGGER never BEFORE UPDATE ON source_secret BEGIN SELECT RAISE(ABORT, 'never'); END"),
            TestContext.Current.CancellationToken);
        bool Failed() => node.Log.Lines.Any(line => line.Text.Contains("The use of an old secret of source ci was not noted"));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20)); // a node knows a source's secrets for a second
        for (var i = 0; !Failed() && !patience.IsCancellationRequested; i++)
        {
            using var answer = await github.SendAsync(GitHubSender.CheckRunNumber(i));
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        Assert.True(Failed());
    }

    [Fact]
    public async Task What_two_routes_send_to_one_session_enters_once_though_the_second_ones_mark_is_lost()
    {
        await using var node = await NodeHost.StartInProcessAsync(["--Cluster:Limits:MailboxWaiting=1"]);
        await node.CreateSessionAsync("api");
        var github = await node.AddSourceAsync("api");
        await PlacePathTests.ApplyAsync(node, """
            routes:
              - { name: one, when: { source: ci }, to: { repository: '*' }, also: true }
              - { name: two, when: { source: ci }, to: { repository: '*' }, also: true }
            """);
        await using var first = await PlacePathTests.WorksAsync(node, "first", PlacePathTests.Repository, PlacePathTests.Branch);
        await node.TellAsync("api", "fills it");

        using var half = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");
        await first.NextAsync();
        var entered = long.Parse(Assert.Single(await PlacePathTests.EventsAsync(node, "first")).Id);
        var lost = await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "DELETE FROM dedupe WHERE event_id = @event AND key <> @key", ("@event", entered), ("@key", DedupeKeys.Delivery("ci/@one", "one"))),
            TestContext.Current.CancellationToken);
        using var again = await github.SendAsync(GitHubSender.CheckRun, deliveryId: "one");

        Assert.True(lost > 0);
        Assert.Equal([HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable], [half.StatusCode, again.StatusCode]);
        Assert.Single(await PlacePathTests.EventsAsync(node, "first"));
    }

    [Fact]
    public async Task An_album_that_was_joined_while_the_bot_asked_is_not_told_part_by_part()
    {
        await using var node = await TelegramWebhookTests.StartNodeAsync(inProcess: true);
        await using var team = await TelegramWebhookTests.StartAsync(node, webhook: false);
        team.Telegram.AllowLoopbackWebhooks = true;
        await team.PairAsync(node, Alice);
        await (await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api")).DisposeAsync(); // there is a session now

        // As when a node dies after it joined the album, and before Telegram heard so.
        await node.Services.GetRequiredService<Engine>().TurnAsync(
            turn => turn.Db.ExecuteAsync("UPDATE bot SET mode = 'webhook', place = '1-999999'"), ChatTeam.Patience);
        await node.StopAsync();
        team.Telegram.SendAlbum(Alice, Alice, 3, "look");
        await node.StartAgainAsync();
        await team.Telegram.NextCallAsync("setWebhook", ChatTeam.Patience);
        team.Telegram.SendText(Alice, Alice, "and now?");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        var album = ChatTeam.Content(await client.NextAsync());
        var text = ChatTeam.Content(await client.NextAsync());

        Assert.StartsWith("look\n", album);
        Assert.Equal(4, album.Split('\n').Length);
        Assert.Equal("and now?", text);
    }

    /// <summary>The real append store behind a switch that fails as SQLite fails when its disk is gone.</summary>
    private sealed class AwayAppends
    {
        public volatile bool Away;

        public void Decorate(WebApplicationBuilder builder) =>
            builder.Services.AddSingleton<IAppendStore>(services =>
                new Switch(this, services.GetRequiredService<Engine>().Appends(new MailboxLimits())));

        private sealed class Switch(AwayAppends owner, IAppendStore real) : IAppendStore
        {
            public Task<IReadOnlyList<AppendOutcome>> AppendAsync(IReadOnlyList<PackedSubmission> submissions, CancellationToken ct) =>
                owner.Away ? throw new SqliteException("disk I/O error", 10) : real.AppendAsync(submissions, ct);
        }
    }
}
