using Cluster.Cli.Connect;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Cli;

/// <summary>How the connector tells itself from other terminals of its project.</summary>
public sealed class ConnectorInstanceTests
{
    [Fact]
    public async Task One_process_has_one_instance_id_for_its_life_and_another_process_another()
    {
        await using var node = await FakeNode.StartAsync();
        await using var one = ConnectorRig.For(node);
        await one.GreetAsync();
        var first = await node.NextAsync();
        await node.NextStreamAsync();
        node.ForgetMcpSessions();
        await one.CallAsync("1");
        var again = await InitializeAsync(node);

        await using var other = ConnectorRig.For(node);
        await other.GreetAsync();
        var another = await InitializeAsync(node);

        Assert.True(Instance.IsId(first.Instance));
        Assert.Equal(first.Instance, again.Instance);
        Assert.NotEqual(first.Instance, another.Instance);
    }

    [Theory]
    [InlineData("Option", "true")]
    [InlineData("Environment", "")]
    [InlineData("Folder", "")]
    public async Task Only_a_name_from_the_command_line_is_claimed(string by, string claim)
    {
        await using var node = await FakeNode.StartAsync();
        await using var rig = ConnectorRig.For(node, by: Enum.Parse<NamedBy>(by));

        await rig.GreetAsync();

        Assert.Equal(claim, (await node.NextAsync()).Claim);
    }

    [Theory]
    [InlineData("Folder", "alice/api-3fa9", "session alice/api-3fa9, because api belongs to another project; `CLUSTER_SESSION=api` serves that one all the same", "apart")]
    [InlineData("Environment", "alice/api", "session alice/api, as CLUSTER_SESSION says; it belongs to another project, whose people may talk and approve here", "foreign")]
    [InlineData("Folder", "alice/api", "session alice/api, named after its folder")]
    [InlineData("Environment", "alice/api", "session alice/api, as CLUSTER_SESSION says")]
    [InlineData("Option", "alice/api", "session alice/api, as --session says; another terminal of that name gets no more events")]
    [InlineData("Folder", "alice/api.2", "session alice/api.2, because another terminal of this project is api; `--session api` takes that name over")]
    [InlineData("Folder", null, "session api, named after its folder")]
    public async Task It_says_once_which_session_it_is_and_why(string by, string? given, string said, string? reason = null)
    {
        await using var node = await FakeNode.StartAsync();
        (node.Gives, node.Reason) = (given, reason);
        await using var rig = ConnectorRig.For(node, by: Enum.Parse<NamedBy>(by));

        await rig.GreetAsync();
        var stream = await node.NextStreamAsync();
        node.ForgetMcpSessions();
        stream.Cut();
        await node.NextStreamAsync();

        Assert.Equal(1, rig.Notes.Split($"this terminal is {said}\n").Length - 1);
        Assert.Contains($"for session {given ?? "api"}", rig.Notes);
    }

    private static async Task<Arrived> InitializeAsync(FakeNode node)
    {
        while (true)
        {
            if (await node.NextAsync() is { Method: "initialize" } arrived)
            {
                return arrived;
            }
        }
    }
}
