using Cluster.Chaos.History;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.GitHub;

namespace Cluster.Tests.Chaos;

public sealed class NumbersTests
{
    [Fact]
    public void The_number_is_found_in_a_message_and_in_a_framed_webhook()
    {
        var webhook = Framing.Webhook(GitHubEvent.Read("check_run", System.Text.Encoding.UTF8.GetBytes(Testing.GitHubSender.CheckRunNumber(123456789))), "Look.");

        Assert.Equal(123456789, Numbers.In(webhook));
        Assert.Equal(987654321, Numbers.In("number 987654321: what is the state of main?"));
        Assert.Null(Numbers.In("Is number 5 alive?"));
    }
}
