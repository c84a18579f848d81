using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

public sealed class SourceApiTests(SharedNode shared) : IClassFixture<SharedNode>
{
    public static IEnumerable<TheoryDataRow<string>> Kinds => WebhookSenders.All.Select(sender => new TheoryDataRow<string>(sender.Kind));

    [Fact]
    public async Task An_old_secret_is_accepted_until_it_is_ended_and_its_use_is_shown()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:Limits:WebhooksPerSecond=100000"]);
        await node.CreateSessionAsync("api");
        var before = await node.AddSourceAsync("api");
        using var api = node.Api();
        using var http = new HttpClient();

        var rotated = await RotateAsync(api, new RotateSecret { KeepOldHours = 24 });
        var after = new GitHubSender(http, rotated.Url, rotated.Secret!);
        using var newOne = await after.SendAsync(GitHubSender.CheckRunNumber(1));
        using var oldOne = await UntilKnownAsync(() => before.SendAsync(GitHubSender.CheckRunNumber(2)), HttpStatusCode.Accepted);
        var listed = Assert.Single((await api.GetFromJsonAsync("/api/sources", ApiJson.Default.IReadOnlyListSourceInfo))!);
        await RotateAsync(api, new RotateSecret { KeepOldHours = 0, Secret = "the sender's own secret" });
        using var ended = await UntilKnownAsync(() => before.SendAsync(GitHubSender.CheckRunNumber(3)), HttpStatusCode.Unauthorized);
        using var given = await new GitHubSender(http, rotated.Url, "the sender's own secret").SendAsync(GitHubSender.CheckRunNumber(4));

        Assert.NotNull(rotated.OldUntil);
        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Unauthorized, HttpStatusCode.Accepted],
            [newOne.StatusCode, oldOne.StatusCode, ended.StatusCode, given.StatusCode]);
        Assert.Equal(2, listed.Secrets.Count);
        Assert.Equal(rotated.Secret![^4..], listed.Secrets[0].End);
        Assert.NotNull(listed.Secrets[1].Until);
        Assert.NotNull(listed.Secrets[1].UsedAt);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_test_goes_through_the_sources_own_url_as_often_as_one_likes(string kind)
    {
        var node = await shared.StartedAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        foreach (var mode in WebhookSenders.Find(kind)!.Modes.DefaultIfEmpty(null!))
        {
            var name = mode is null ? kind : $"{kind}-{mode}";
            var settings = mode is null ? null : new SourceSettings { Mode = mode };
            var sender = WebhookSenders.Find(kind)!;
            if (!sender.Scheme(settings ?? SourceSettings.None).CanSign)
            {
                continue; // A_source_with_a_public_key_says_that_only_the_sender_can_test_it
            }

            var secret = sender.MakesSecret(settings ?? SourceSettings.None) ? sender.Scheme(SourceSettings.None).NewSecret() : null;
            (await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = kind, Name = name, Session = "api", Settings = settings, Secret = secret }, ApiJson.Default.AddSource))
                .EnsureSuccessStatusCode();

            var tests = new List<SourceTest>();
            for (var i = 0; i < 2; i++)
            {
                var answer = await api.PostAsync($"/api/sources/{name}/test", null);
                tests.Add((await answer.Content.ReadFromJsonAsync(ApiJson.Default.SourceTest))!);
            }

            Assert.All(tests, test => Assert.True(test.Ok, string.Join("\n", test.Steps)));
            Assert.All(tests, test => Assert.Contains(test.Steps, step => step.Contains("answered 202")));
            Assert.NotEqual(tests[0].EventId, tests[1].EventId);
            Assert.True(tests[0].State!.Split(' ')[0] is "queued" or "sent" or "received" or "filtered", tests[0].State);
        }
    }

    [Fact]
    public async Task A_public_address_that_the_node_cannot_reach_is_said_and_its_own_is_tried()
    {
        await using var node = await NodeHost.StartAsync(["--Cluster:PublicUrl=http://127.0.0.1:9"]);
        await node.CreateSessionAsync("api");
        await node.AddSourceAsync("api");
        using var api = node.Api();

        var answer = await api.PostAsync("/api/sources/ci/test", null);

        var test = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SourceTest))!;
        Assert.True(test.Ok, string.Join("\n", test.Steps));
        Assert.Contains(test.Steps, step => step.StartsWith("http://127.0.0.1:9 cannot be reached from this node"));
        Assert.Contains(test.Steps, step => step.StartsWith($"{node.Url} answered 202"));
    }

    [Theory]
    [InlineData("carrier-pigeon", null, null, "one of: github, gitlab")]
    [InlineData("github", "signing", null, "has no modes")]
    [InlineData("grafana", "neither", null, "timestamp, body")]
    [InlineData("github", null, "/id", "Only a generic source")]
    [InlineData("generic", null, "id", "not a JSON pointer")]
    public async Task What_a_source_cannot_be_is_said(string kind, string? mode, string? id, string expected)
    {
        var node = await shared.StartedAsync();
        await node.CreateSessionAsync("api");
        using var api = node.Api();
        var request = new AddSource { Kind = kind, Name = "ci", Session = "api", Settings = new SourceSettings { Mode = mode, Id = id } };

        using var answer = await api.PostAsJsonAsync("/api/sources", request, ApiJson.Default.AddSource);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Nobody_else_rotates_or_tests_a_source()
    {
        await using var node = await NodeHost.StartAsync();
        await node.CreateSessionAsync("api");
        await node.AddSourceAsync("api");
        var bob = await node.InviteAsync("bob");
        using var api = node.Api(bob);

        using var rotated = await api.PostAsJsonAsync("/api/sources/ci/secret", new RotateSecret(), ApiJson.Default.RotateSecret);
        using var tested = await api.PostAsync("/api/sources/ci/test", null);

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound], [rotated.StatusCode, tested.StatusCode]);
    }

    private static async Task<NewSource> RotateAsync(HttpClient api, RotateSecret request)
    {
        using var answer = await api.PostAsJsonAsync("/api/sources/ci/secret", request, ApiJson.Default.RotateSecret);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.NewSource))!;
    }

    // A node knows a source's secrets for a second; the last answer within twenty counts.
    private static async Task<HttpResponseMessage> UntilKnownAsync(Func<Task<HttpResponseMessage>> send, HttpStatusCode wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var answer = await send();
            if (answer.StatusCode == wanted || patience.IsCancellationRequested)
            {
                return answer;
            }

            answer.Dispose();
            await Task.Yield();
        }
    }
}
