using Cluster.Chaos.History;
using Cluster.Core.Events;
using Cluster.Core.Webhooks.GitHub;

namespace Cluster.Tests.Chaos;

public sealed class WitnessTests
{
    [Fact]
    public void The_number_is_found_in_a_message_and_in_a_framed_webhook()
    {
        var webhook = Framing.Webhook(GitHubEvent.Read("check_run", System.Text.Encoding.UTF8.GetBytes(Testing.GitHubSender.CheckRunNumber(123456789))), "Look.");

        Assert.Equal(123456789, Witness.NumberIn(webhook));
        Assert.Equal(987654321, Witness.NumberIn("number 987654321: what is the state of main?"));
        Assert.Null(Witness.NumberIn("Is number 5 alive?"));
    }
}
