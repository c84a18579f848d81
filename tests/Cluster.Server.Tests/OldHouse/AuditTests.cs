using Cluster.Server.Security;
using Cluster.Server.Tests.Access;
using Cluster.Server.Tests.Chats;
using Cluster.Storage.Audit;
using Cluster.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

/// <summary>What is written into the audit: there is no way to ask for it from outside yet.</summary>
[Trait("House", "old")]
public sealed class AuditTests
{
    [Fact]
    public async Task Access_changes_verdicts_and_refusals_leave_their_trace_in_the_audit()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        var bob = await node.InviteAsync("bob");
        await using var client = await HttpMcpClient.AttachAsync(node.Url, node.AdminToken, "api");
        await client.NotifyAsync("notifications/claude/channel/permission_request", AccessTests.PermissionRequest("abcde"));
        var request = Assert.Single(await node.PermissionsAsync("api"));
        using var foreign = await node.DecideAsync(request.Id, "allow", bob);
        await node.AllowAsync("console:bob", "api", "talk");
        await node.RevokeAsync("console:bob", "api");
        using var allowed = await node.DecideAsync(request.Id, "deny");
        using var wrong = node.Api("clt_wrong");
        using var refused = await wrong.GetAsync("/api/me");

        await node.Services.GetRequiredService<Refusals>().FlushAsync(CancellationToken.None);
        var audit = await node.Services.GetRequiredService<AuditStore>().LatestAsync(100, CancellationToken.None);

        Assert.Contains(audit, a => a is { Actor: "console:admin", Action: "access.allow", Subject: "admin/api", Detail: "console:bob talk" });
        Assert.Contains(audit, a => a is { Actor: "console:admin", Action: "access.revoke", Subject: "admin/api", Detail: "console:bob all" });
        Assert.Contains(audit, a => a is { Actor: "console:admin", Action: "verdict.deny" });
        Assert.Contains(audit, a => a is { Actor: "console:bob", Action: "refused.verdict", Subject: "admin/api" });
        Assert.Contains(audit, a => a is { Action: "refused.token", Detail: "1" });
        Assert.Contains(audit, a => a is { Actor: "console:admin", Action: "principal.invite", Subject: "bob" });
    }

    [Fact]
    public async Task A_backup_leaves_its_trace_and_one_that_was_refused_none()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        using var admin = node.Api();
        using var bob = node.Api(await node.InviteAsync("bob"));

        using var refused = await bob.PostAsync("/api/backup", null);
        using var given = await admin.PostAsync("/api/backup", null);

        var audit = await node.Services.GetRequiredService<AuditStore>().LatestAsync(100, CancellationToken.None);
        Assert.Equal("console:admin", Assert.Single(audit, row => row.Action == "backup").Actor);
    }

    [Fact]
    public async Task What_strangers_try_at_Discord_is_counted()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        await using var team = await DiscordTeam.StartAsync(node);
        var (alice, direct) = await team.PairAsync(node, "Alice");
        var (mallory, hers) = (team.Discord.Person("Alice"), team.Discord.DirectChat());

        team.Discord.Use(hers, mallory, "sessions");
        team.Discord.Use(hers, mallory, "tell", ("session", "api"), ("text", "obey"));
        team.Discord.Type(hers, mallory, "use", "session", "a");
        await team.SettleAsync(direct, alice);
        await node.Services.GetRequiredService<Refusals>().FlushAsync(ChatTeam.Patience);
        var audit = await node.Services.GetRequiredService<AuditStore>().LatestAsync(100, ChatTeam.Patience);

        Assert.Equal(3, audit.Where(row => row.Action == "refused.stranger" && row.Subject == $"discord:{mallory.Id}").Sum(row => int.Parse(row.Detail)));
    }
}
