using Cluster.Core.Sessions;

namespace Cluster.Tests.Sessions;

public sealed class InstanceRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SessionId Api = new("alice", "api");
    private static readonly Instance Mine = new("my-process", Claims: false);

    [Fact]
    public void The_first_terminal_has_the_name_and_each_further_one_the_next()
    {
        var known = new List<KnownName>();
        var given = new List<string>();

        for (var i = 1; i <= InstanceRules.MaxTerminals; i++)
        {
            var name = InstanceRules.Choose(Api, Api, new Instance($"process-{i}", false), known, Now)!.Value;
            given.Add(name.Name);
            known.Add(Held(name, $"process-{i}"));
        }

        Assert.Equal(["api", .. Enumerable.Range(2, 19).Select(i => $"api.{i}")], given);
        Assert.Null(InstanceRules.Choose(Api, Api, new Instance("one-too-many", false), known, Now));
    }

    [Theory]
    [InlineData("listens", "api.2")]
    [InlineData("initialized just now", "api.2")]
    [InlineData("initialized long ago", "api")]
    [InlineData("closed just now", "api.2")]
    [InlineData("closed long ago", "api")]
    public void Only_a_process_that_lives_keeps_a_name_from_others(string its, string expected)
    {
        var client = its switch
        {
            "listens" => Client("other-one", listens: true),
            "initialized just now" => Client("other-one") with { InitializedAt = Now - AttachmentRules.Grace + TimeSpan.FromMilliseconds(1) },
            "initialized long ago" => Client("other-one") with { InitializedAt = Now - AttachmentRules.Grace },
            "closed just now" => Client("other-one") with { StreamClosedAt = Now - AttachmentRules.Grace + TimeSpan.FromMilliseconds(1) },
            _ => Client("other-one") with { StreamClosedAt = Now - AttachmentRules.Grace },
        };

        Assert.Equal(expected, Choose(Mine, Name(Api) with { Instance = "other-one", Clients = [client] }));
    }

    [Fact]
    public void A_process_that_comes_back_has_its_own_name_though_an_earlier_one_is_free()
    {
        var second = Name(Api with { Name = "api.2" }) with { Shares = Api, Instance = Mine.Id };

        Assert.Equal("api.2", Choose(Mine, Name(Api), second));
        Assert.Equal("api.2", Choose(Mine, Name(Api), second with { Clients = [Client(Mine.Id, listens: true)] }));
        Assert.Equal("api", Choose(Mine, Name(Api) with { Instance = Mine.Id, Clients = [Client(Mine.Id, listens: true)] }));
    }

    [Fact]
    public void A_process_whose_name_was_claimed_gets_another_one_when_it_comes_back() =>
        Assert.Equal("api.2", Choose(Mine, Held(Api, "claimer-1") with { Clients = [Client(Mine.Id, listens: true), Client("claimer-1", listens: true)] }));

    [Fact]
    public void A_claim_takes_the_name_from_whoever_has_it()
    {
        Assert.Equal("api", Choose(Mine with { Claims = true }, Held(Api, "other-one")));
        Assert.Equal("api", Choose(Mine with { Claims = true }, Held(Api, "other-one"), Name(Api with { Name = "api.2" }) with { Shares = Api, Instance = Mine.Id }));
    }

    [Fact]
    public void A_session_with_a_list_of_its_own_is_nobodys_further_terminal()
    {
        var own = Name(Api with { Name = "api.2" });
        var anothers = Name(Api with { Name = "api.3" }) with { Shares = Api with { Name = "web" } };

        Assert.Equal("api.4", Choose(Mine, Held(Api, "other-one"), own, anothers));
        Assert.Equal("api", Choose(Mine, Name(Api), own with { Instance = Mine.Id }));
    }

    [Fact]
    public void Who_asks_for_a_further_name_gets_that_one_or_another_further_one()
    {
        var second = Api with { Name = "api.2" };
        KnownName[] known = [Name(Api), Name(second) with { Shares = Api }];

        Assert.Equal(second, InstanceRules.Choose(second, Api, Mine, known, Now));
        Assert.Equal("api.3", InstanceRules.Choose(second, Api, Mine, [known[0], Held(second, "other-one")], Now)!.Value.Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(62)]
    [InlineData(63)]
    public void Every_further_name_is_a_valid_name_of_its_own(int length)
    {
        var first = new SessionId("alice", new string('x', length));

        var names = InstanceRules.Names(first);

        Assert.Equal(first, names[0]);
        Assert.Equal(InstanceRules.MaxTerminals, names.Distinct().Count());
        Assert.All(names, name => Assert.True(Slug.IsValid(name.Name)));
        Assert.EndsWith(".20", names[^1].Name);
    }

    [Theory]
    [InlineData("abcdefgh", true)]
    [InlineData("A-Z_0-9a", true)]
    [InlineData("short", false)]
    [InlineData("", false)]
    [InlineData("with space", false)]
    [InlineData("with\nline-end", false)]
    [InlineData("\u00E4bcdefgh", false)]
    public void An_instance_id_is_plain(string id, bool valid)
    {
        Assert.Equal(valid, Instance.IsId(id));
        Assert.True(Instance.IsId(new string('x', 64)));
        Assert.False(Instance.IsId(new string('x', 65)));
    }

    private static string? Choose(Instance instance, params KnownName[] known) => InstanceRules.Choose(Api, Api, instance, known, Now)?.Name;

    private static KnownName Name(SessionId session) => new() { Session = session };

    private static KnownName Held(SessionId session, string instance) => new()
    {
        Session = session,
        Shares = session.Name == "api" ? null : Api,
        Instance = instance,
        Clients = [Client(instance, listens: true)],
    };

    private static InstanceClient Client(string instance, bool listens = false) =>
        new() { Instance = instance, InitializedAt = Now - TimeSpan.FromHours(1), Listens = listens };
}
