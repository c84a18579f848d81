using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Cluster.Tests.Events;

namespace Cluster.Tests.Channel;

public sealed class ChannelProtocolTests
{
    [Theory]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-03-26", "2025-03-26")]
    [InlineData("2026-07-28", "2025-11-25")]
    [InlineData("2024-11-05", "2025-11-25")]
    [InlineData("9999-99-99", "2025-11-25")]
    [InlineData("", "2025-11-25")]
    [InlineData(null, "2025-11-25")]
    public void A_client_gets_its_revision_if_we_speak_it_and_else_our_newest(string? requested, string expected) =>
        Assert.Equal(expected, ChannelProtocol.Initialize(requested, null).ProtocolVersion);

    [Fact]
    public void The_revision_without_push_is_never_negotiated()
    {
        Assert.Equal("2026-07-28", ChannelProtocol.NeverNegotiated);
        Assert.DoesNotContain(ChannelProtocol.NeverNegotiated, ChannelProtocol.Supported);
        for (var number = 0; number < 2_000; number++)
        {
            Assert.NotEqual(ChannelProtocol.NeverNegotiated, ChannelProtocol.Negotiate(HostileStrings.Number(number)));
        }
    }

    [Fact]
    public void Both_channel_capabilities_are_declared()
    {
        var experimental = ChannelProtocol.Initialize("2025-11-25", null).Capabilities.Experimental;

        Assert.Equal(["claude/channel", "claude/channel/permission"], experimental!.Keys.Order());
        Assert.All(experimental.Values, value => Assert.Equal("{}", value.ToString()));
    }

    [Fact]
    public void The_instructions_are_a_constant_without_a_place_to_fill()
    {
        var instructions = ChannelProtocol.Initialize(null, null).Instructions;

        Assert.Same(ChannelProtocol.Instructions, instructions);
        Assert.True(typeof(ChannelProtocol).GetField(nameof(ChannelProtocol.Instructions))!.IsLiteral);
        Assert.DoesNotMatch(@"[{}]|%[sd]|\$\(", instructions);
        Assert.DoesNotContain(HostileStrings.CodePoints(instructions!), c => c != '\n' && HostileStrings.Forbidden(c));
    }

    [Fact]
    public void Whatever_a_node_says_of_the_name_nothing_but_a_plain_name_and_our_sentences_enters_the_instructions()
    {
        for (var number = 0; number < 10_000; number++)
        {
            var hostile = HostileStrings.Number(number);
            foreach (var (session, reasons) in new[] { (hostile, ""), ($"alice/{hostile}", "further"), ($"{hostile}/api", "apart"), ("alice/api", hostile), ("alice/api", $"foreign {hostile}") })
            {
                var instructions = ChannelProtocol.Initialize(null, GivenName.Read(session, reasons)).Instructions!;

                Assert.StartsWith(ChannelProtocol.Instructions, instructions);
                Assert.Matches(
                    @"\A(\n\nYou are session [a-z0-9][a-z0-9._-]{0,62}/[a-z0-9][a-z0-9._-]{0,62} of Channel Cluster\.[A-Za-z ,.;:-]+)?\z",
                    instructions[ChannelProtocol.Instructions.Length..]);
            }
        }
    }

    [Fact]
    public void The_longest_instructions_are_ones_that_reach_the_model()
    {
        var longest = new GivenName(new(new string('x', 63), new string('x', 63))) { IsFurther = true, IsApart = true, IsForeign = true };

        Assert.InRange(ChannelProtocol.Initialize(null, longest).Instructions!.Length, 1, 4096);
        Assert.Equal(longest, GivenName.Read(longest.Session.ToString(), longest.Reasons));
        Assert.Equal(new GivenName(new("alice", "api")), GivenName.Read("alice/api", null));
    }
}
