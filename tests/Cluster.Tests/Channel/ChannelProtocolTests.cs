using Cluster.Core.Channel;
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
        Assert.Equal(expected, ChannelProtocol.Initialize(requested).ProtocolVersion);

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
        var experimental = ChannelProtocol.Initialize("2025-11-25").Capabilities.Experimental;

        Assert.Equal(["claude/channel", "claude/channel/permission"], experimental!.Keys.Order());
        Assert.All(experimental.Values, value => Assert.Equal("{}", value.ToString()));
    }

    [Fact]
    public void The_instructions_are_a_constant_without_a_place_to_fill()
    {
        var instructions = ChannelProtocol.Initialize(null).Instructions;

        Assert.Same(ChannelProtocol.Instructions, instructions);
        Assert.True(typeof(ChannelProtocol).GetField(nameof(ChannelProtocol.Instructions))!.IsLiteral);
        Assert.DoesNotMatch(@"[{}]|%[sd]|\$\(", instructions);
        Assert.DoesNotContain(HostileStrings.CodePoints(instructions!), c => c != '\n' && HostileStrings.Forbidden(c));
    }
}
