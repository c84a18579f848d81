using Cluster.Core.Access;
using Cluster.Core.Secrets;
using Cluster.Core.Sessions;
using Cluster.Storage.Engines;
using Cluster.Storage.Principals;
using Cluster.Storage.Sessions;
using Cluster.Storage.Tests.Engines;

namespace Cluster.Storage.Tests.Principals;

public sealed class SqlitePrincipalTests() : PrincipalSuite(new SqliteDatabase());

public sealed class PostgresPrincipalTests() : PrincipalSuite(new PostgresDatabase());

public abstract class PrincipalSuite(TestDatabase database) : StoreSuite(database)
{
    [Fact]
    public async Task The_admin_is_made_once()
    {
        Assert.Null(await Principals.EnsureAdminAsync("alice", Ct));

        Assert.Equal(["alice True", "bob False", "carol False"], (await Principals.ListAsync(Ct)).Select(p => $"{p.Name} {p.Admin}"));
        Assert.True(await Principals.KnowsAsync(Alice, AliceCalls, Ct));
        Assert.False(await Principals.KnowsAsync(Identity.Console("mallory"), AliceCalls, Ct));
    }

    [Fact]
    public async Task A_session_of_ones_own_is_known_when_it_exists_and_anothers_when_its_owner_does()
    {
        Task<bool> KnowsAsync(string owner, string name) => Principals.KnowsAsync(Identity.Session(new SessionId(owner, name)), AliceCalls, Ct);

        Assert.True(await KnowsAsync("alice", "api"));
        Assert.False(await KnowsAsync("alice", "nowhere"));
        Assert.True(await KnowsAsync("bob", "nowhere"));
        Assert.False(await KnowsAsync("mallory", "nowhere"));
    }

    [Fact]
    public async Task An_invitation_is_redeemed_once()
    {
        var (code, _) = await Principals.InviteAsync("dave", AliceCalls, Ct);

        var token = await Principals.RedeemAsync(code, "laptop", Ct);

        Assert.Equal("dave", token!.Principal);
        Assert.Equal("dave", (await Principals.AuthenticateAsync(token.Token, page: false, Ct))!.Principal);
        Assert.Null(await Principals.RedeemAsync(code, "laptop", Ct));
        Assert.Null(await Principals.RedeemAsync(code.ToUpperInvariant(), "laptop", Ct));
        Assert.Null(await Principals.RedeemAsync("", "laptop", Ct));
    }

    [Fact]
    public async Task An_invitation_redeemed_by_many_at_once_gives_one_token()
    {
        var (code, _) = await Principals.InviteAsync("dave", AliceCalls, Ct);

        var tokens = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Principals.RedeemAsync(code, "laptop", Ct))));

        Assert.Single(tokens, token => token is not null);
    }

    [Fact]
    public async Task An_invitation_ends()
    {
        var (early, expires) = await Principals.InviteAsync("dave", AliceCalls, Ct);
        var (late, _) = await Principals.InviteAsync("dave", AliceCalls, Ct);
        Assert.Equal(Clock.GetUtcNow() + PrincipalStore.InvitationFor, expires);

        Clock.Advance(PrincipalStore.InvitationFor - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(await Principals.RedeemAsync(early, "laptop", Ct));
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(await Principals.RedeemAsync(late, "laptop", Ct));
        Assert.Equal(1, await Engine.TurnAsync(PrincipalStore.SweepAsync, Ct));
    }

    [Fact]
    public async Task A_page_code_is_spent_once_and_opens_a_page_login_only()
    {
        var (code, _) = await Principals.NewPageCodeAsync(AliceCalls, Ct);

        var login = await Principals.SpendPageCodeAsync(code, Ct);

        Assert.Equal("alice", (await Principals.AuthenticateAsync(login!.Value.Token, page: true, Ct))!.Principal);
        Assert.Null(await Principals.AuthenticateAsync(login.Value.Token, page: false, Ct));
        Assert.Null(await Principals.SpendPageCodeAsync(code, Ct));
    }

    [Fact]
    public async Task A_page_code_ends_after_five_minutes_and_a_login_after_thirty_days()
    {
        var (early, _) = await Principals.NewPageCodeAsync(AliceCalls, Ct);
        var (late, _) = await Principals.NewPageCodeAsync(AliceCalls, Ct);
        Clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        var login = (await Principals.SpendPageCodeAsync(early, Ct))!.Value;
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await Principals.SpendPageCodeAsync(late, Ct));
        Assert.Equal(1, await Engine.TurnAsync(PrincipalStore.SweepAsync, Ct));

        Clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMilliseconds(2));
        Assert.NotNull(await Principals.AuthenticateAsync(login.Token, page: true, Ct));
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await Principals.AuthenticateAsync(login.Token, page: true, Ct));
    }

    [Fact]
    public async Task An_access_token_is_no_page_login()
    {
        var token = await Principals.AddTokenAsync(AliceCalls, "laptop", Ct);

        Assert.NotNull(await Principals.AuthenticateAsync(token.Token, page: false, Ct));
        Assert.Null(await Principals.AuthenticateAsync(token.Token, page: true, Ct));
        Assert.Null(await Principals.AuthenticateAsync(token.Token + "x", page: false, Ct));
        Assert.Null(await Principals.AuthenticateAsync(Secret.Hash(token.Token), page: false, Ct));
        Assert.Null(await Principals.AuthenticateAsync(token.Id, page: false, Ct));
        Assert.Null(await Principals.AuthenticateAsync("", page: false, Ct));
    }

    [Fact]
    public async Task Revoking_a_token_ends_its_page_logins_its_page_codes_and_its_clients_at_once()
    {
        var token = await Principals.AddTokenAsync(AliceCalls, "laptop", Ct);
        var caller = (await Principals.AuthenticateAsync(token.Token, page: false, Ct))!;
        var (spent, _) = await Principals.NewPageCodeAsync(caller, Ct);
        var (waiting, _) = await Principals.NewPageCodeAsync(caller, Ct);
        var login = (await Principals.SpendPageCodeAsync(spent, Ct))!.Value;
        var client = await ConnectAsync(token.Id);
        var untouched = await ConnectAsync();
        using var watcher = Engine.Wakeups.Watch(Api.ToString());

        Assert.True(await Principals.RevokeTokenAsync(token.Id, AliceCalls, Ct));

        await watcher.WaitAsync(TimeSpan.FromHours(1), Clock, Ct);
        Assert.Null(await Principals.AuthenticateAsync(token.Token, page: false, Ct));
        Assert.Null(await Principals.AuthenticateAsync(login.Token, page: true, Ct));
        Assert.Null(await Principals.SpendPageCodeAsync(waiting, Ct));
        Assert.Null(await McpSessions.FindAsync(client.Id, token.Id, Ct));
        Assert.Equal(AttachOutcome.Gone, (await AskAsync(client)).Outcome);
        Assert.NotNull(await McpSessions.FindAsync(untouched.Id, AliceCalls.TokenId, Ct));
        Assert.False(await Principals.RevokeTokenAsync(token.Id, AliceCalls, Ct));
        Assert.Equal(token.Id, Assert.Single(await AuditedAsync("token.revoke")).Subject);
    }

    [Fact]
    public async Task What_a_revoked_tokens_call_would_change_is_refused_when_its_turn_comes()
    {
        await Sources.AddAsync(Wish("ci", Api), AliceCalls, Ct);
        var client = await ConnectAsync();
        await Permissions.OpenAsync((await McpSessions.FindAsync(client.Id, AliceCalls.TokenId, Ct))!, "abcde", "Bash", "", "", TimeSpan.FromMinutes(10), Ct);
        var request = long.Parse(Assert.Single(await Permissions.ListAsync(Api, 10, Ct)).Id);
        var late = await CallerAsync("alice");
        await Principals.RevokeTokenAsync(late.TokenId, AliceCalls, Ct);
        var (tokens, version) = (await CountAsync("token"), await VersionAsync());

        Func<Task>[] acts =
        [
            () => Principals.AddTokenAsync(late, "laptop", Ct),
            () => Principals.NewPageCodeAsync(late, Ct),
            () => Principals.InviteAsync("dave", late, Ct),
            () => Principals.RevokeTokenAsync(AliceCalls.TokenId, late, Ct),
            () => Access.AllowAsync(Api, Carol, Role.Talk, late, Ct),
            () => Access.RevokeAsync(Api, Bob, Role.None, late, Ct),
            () => Sources.AddAsync(Wish("errors", Api), late, Ct),
            () => Sources.RemoveAsync("ci", late, Ct),
            () => SourceSecrets.RotateAsync("ci", "another-secret-of-ci", TimeSpan.Zero, late, Ct),
            () => Permissions.DecideAsync(request, "allow", late, Ct),
        ];
        foreach (var act in acts)
        {
            await Assert.ThrowsAsync<TokenRevokedException>(act);
        }

        Assert.Equal((tokens, version), (await CountAsync("token"), await VersionAsync()));
        Assert.Equal("open", Assert.Single(await Permissions.ListAsync(Api, 10, Ct)).State);
        Assert.Contains(await Principals.ListTokensAsync(AliceCalls, Ct), token => token.Id == AliceCalls.TokenId && token.RevokedAt is null);
    }

    // A login that is made while its token is revoked may be missed by the revocation.
    [Fact]
    public async Task A_page_login_is_valid_only_with_the_token_that_asked_for_it()
    {
        var (code, _) = await Principals.NewPageCodeAsync(AliceCalls, Ct);
        var login = (await Principals.SpendPageCodeAsync(code, Ct))!.Value;
        await Engine.TurnAsync(turn => turn.Db.ExecuteAsync("UPDATE token SET revoked_at = 1 WHERE id = @id", ("@id", AliceCalls.TokenId)), Ct);

        Assert.Null(await Principals.AuthenticateAsync(login.Token, page: true, Ct));
    }

    [Fact]
    public async Task Revoking_a_page_login_leaves_its_token_alone()
    {
        var (code, _) = await Principals.NewPageCodeAsync(AliceCalls, Ct);
        var login = (await Principals.SpendPageCodeAsync(code, Ct))!.Value;
        var page = (await Principals.AuthenticateAsync(login.Token, page: true, Ct))!;

        Assert.True(await Principals.RevokeTokenAsync(page.TokenId, page, Ct));

        Assert.Null(await Principals.AuthenticateAsync(login.Token, page: true, Ct));
        Assert.Contains(await Principals.ListTokensAsync(AliceCalls, Ct), t => t.Id == AliceCalls.TokenId && t.RevokedAt is null);
    }

    [Fact]
    public async Task People_see_and_revoke_their_own_tokens_and_an_admin_everybodys()
    {
        var bob = await CallerAsync("bob");
        var carol = await CallerAsync("carol");

        Assert.False(await Principals.RevokeTokenAsync(carol.TokenId, bob, Ct));
        Assert.False(await Principals.RevokeTokenAsync("unknown", bob, Ct));
        Assert.All(await Principals.ListTokensAsync(bob, Ct), t => Assert.Equal("bob", t.Principal));
        Assert.Equal(["alice", "bob", "carol"], (await Principals.ListTokensAsync(AliceCalls, Ct)).Select(t => t.Principal).Distinct());
        Assert.True(await Principals.RevokeTokenAsync(carol.TokenId, AliceCalls, Ct));
        Assert.True(await Principals.RevokeTokenAsync(bob.TokenId, bob, Ct));
    }

    [Fact]
    public async Task A_lost_admin_token_is_replaced_and_the_old_one_stays_until_it_is_revoked()
    {
        var token = await Principals.ReplaceAdminTokenAsync("alice", Ct);

        Assert.True((await Principals.AuthenticateAsync(token, page: false, Ct))!.Admin);
        Assert.Contains(await Principals.ListTokensAsync(AliceCalls, Ct), t => t.Id == AliceCalls.TokenId && t.RevokedAt is null);
    }

    [Fact]
    public async Task A_configured_admin_token_is_made_once_and_another_one_ends_it()
    {
        var (first, second) = (new string('1', 32), new string('2', 32));
        await Principals.SetAdminTokenAsync("alice", first, Ct);
        var former = (await Principals.AuthenticateAsync(first, page: false, Ct))!;
        var client = await ConnectAsync(former.TokenId);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Principals.SetAdminTokenAsync("alice", second, Ct))));
        Assert.Null(await McpSessions.FindAsync(client.Id, former.TokenId, Ct));
        Assert.Equal(AttachOutcome.Gone, (await AskAsync(client)).Outcome);

        Assert.Null(await Principals.AuthenticateAsync(first, page: false, Ct));
        Assert.True((await Principals.AuthenticateAsync(second, page: false, Ct))!.Admin);
        Assert.Equal(2, (await Principals.ListTokensAsync(AliceCalls, Ct)).Count(token => token.Label == "set by the operator"));
    }

    [Theory]
    [InlineData("revoked", "was revoked")]
    [InlineData("set again", "was revoked")]
    [InlineData("another's", "is a token of alice already")]
    public async Task A_configured_admin_token_that_cannot_be_made_valid_is_refused_with_what_to_do(string trouble, string expected)
    {
        var (admin, token) = (trouble == "another's" ? "root" : "alice", new string('1', 32));
        await Principals.SetAdminTokenAsync("alice", token, Ct);
        if (trouble == "revoked")
        {
            var caller = (await Principals.AuthenticateAsync(token, page: false, Ct))!;
            await Principals.RevokeTokenAsync(caller.TokenId, AliceCalls, Ct);
        }
        else if (trouble == "set again")
        {
            await Principals.SetAdminTokenAsync("alice", new string('2', 32), Ct);
        }

        var refused = await Assert.ThrowsAsync<EngineUnusableException>(() => Principals.SetAdminTokenAsync(admin, token, Ct));

        Assert.Contains("Cluster:AdminToken", refused.Message);
        Assert.Contains(expected, refused.Message);
        Assert.DoesNotContain(token, refused.Message);
    }

    [Fact]
    public async Task Data_protection_keys_are_read_back_by_whoever_has_the_cluster_key()
    {
        var keys = new DataKeyStore(Engine, Box);
        await keys.AddAsync("key-1", "<key>one</key>", Ct);
        await keys.AddAsync("key-2", "<key>two</key>", Ct);
        await keys.AddAsync("key-1", "<key>another</key>", Ct);

        Assert.Equal(["<key>one</key>", "<key>two</key>"], await new DataKeyStore(Engine, Box).ListAsync(Ct));
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(
            () => new DataKeyStore(Engine, new SecretBox(new byte[32])).ListAsync(Ct));
    }
}
