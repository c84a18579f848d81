using Cluster.Core.Sessions;

namespace Cluster.Tests.Sessions;

public sealed class AttachmentRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    // The other client is older: whatever it does, the newer one gets the events.
    [InlineData(2, 1, "open", true)]
    [InlineData(2, 1, "none", true)]
    [InlineData(2, 1, "just closed", true)]
    [InlineData(2, 1, "long closed", true)]
    // The other client is newer: it has them while it listens, and for the grace after its stream broke.
    [InlineData(1, 2, "open", false)]
    [InlineData(1, 2, "none", true)]
    [InlineData(1, 2, "just closed", false)]
    [InlineData(1, 2, "long closed", true)]
    public void Only_a_newer_client_that_listens_supersedes(long mine, long its, string itsStream, bool expected)
    {
        var candidate = Client("me", mine, "s1");
        var other = itsStream switch
        {
            "open" => Client("it", its, "s9"),
            "none" => Client("it", its, null),
            "just closed" => Client("it", its, null, Now - AttachmentRules.Grace + TimeSpan.FromMilliseconds(1)),
            _ => Client("it", its, null, Now - AttachmentRules.Grace),
        };

        foreach (var justOpened in new[] { true, false })
        {
            Assert.Equal(expected, AttachmentRules.MayAttach(candidate, "s1", justOpened, [other], Now));
        }
    }

    [Theory]
    [InlineData("s1", 1, null, 2, true)] // who does not listen says nothing, as long as somebody does
    [InlineData("s1", 1, "s2", 2, false)]
    [InlineData(null, 1, null, 2, false)]
    [InlineData(null, 2, null, 1, true)]
    [InlineData(null, 2, "s2", 1, false)]
    public void Who_gets_the_events_says_where_the_session_works_and_while_nobody_does_the_newest(
        string? myStream, long mine, string? itsStream, long its, bool expected)
    {
        Assert.Equal(expected, AttachmentRules.HasWord(Client("me", mine, myStream), [Client("it", its, itsStream)], Now));
        Assert.Equal(!expected, AttachmentRules.HasWord(Client("it", its, itsStream), [Client("me", mine, myStream)], Now));
    }

    [Theory]
    [InlineData(null, false, true)]
    [InlineData("s1", false, true)]
    [InlineData("s2", false, false)]
    [InlineData("s2", true, true)]
    [InlineData(null, true, true)]
    public void The_latest_stream_of_one_client_serves_it(string? latest, bool justOpened, bool expected) =>
        Assert.Equal(expected, AttachmentRules.MayAttach(Client("me", 1, latest), "s1", justOpened, [], Now));

    [Fact]
    public void Two_clients_that_both_listen_never_take_the_session_from_each_other()
    {
        var older = Client("older", 1, "s1");
        var newer = Client("newer", 2, "s2");
        var random = new Random(20260301);

        for (var ask = 0; ask < 1_000; ask++)
        {
            // Whoever asks, in whatever order, and though its stream has just come back: only the newer one is ever told yes.
            var now = Now.AddSeconds(random.Next(1, 100_000));
            var justOpened = random.Next(2) == 0;
            Assert.False(AttachmentRules.MayAttach(older, "s1", justOpened, [newer], now));
            Assert.True(AttachmentRules.MayAttach(newer, "s2", justOpened, [older], now));
        }
    }

    [Fact]
    public void Of_many_clients_exactly_one_may_attach()
    {
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++)
        {
            var clients = Enumerable.Range(1, random.Next(1, 6))
                .Select(generation => Client($"c{generation}", generation, $"s{generation}"))
                .OrderBy(_ => random.Next())
                .ToList();

            var may = clients.Where(c => AttachmentRules.MayAttach(c, c.Stream!, false, clients.Where(o => o != c), Now)).ToList();

            Assert.Equal(clients.Max(c => c.Generation), Assert.Single(may).Generation);
        }
    }

    private static McpSessionView Client(string id, long generation, string? stream, DateTimeOffset? closedAt = null) =>
        new() { Id = id, Generation = generation, Stream = stream, StreamClosedAt = closedAt };
}
