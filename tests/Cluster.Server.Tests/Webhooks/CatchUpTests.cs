using System.Net;
using System.Net.Http.Json;
using Cluster.Core.Api;
using Cluster.Testing;

namespace Cluster.Server.Tests.Webhooks;

public sealed class CatchUpTests
{
    private const string Token = "ghp_aTokenThatNobodyMaySee0123456789";

    [Theory]
    [InlineData("acme/api", null, "http://api.github.com", HttpStatusCode.BadRequest)]
    [InlineData("acme/api", null, "https://ghe.example.com/api/v3?x=", HttpStatusCode.BadRequest)]
    [InlineData("acme/api", null, "https://a@ghe.example.com/api/v3", HttpStatusCode.BadRequest)]
    [InlineData("acme/api", null, "https://ghe.example.com:84430/api/v3", HttpStatusCode.BadRequest)]
    [InlineData("acme/..", null, null, HttpStatusCode.BadRequest)]
    [InlineData("acme/api/hooks", null, null, HttpStatusCode.BadRequest)]
    [InlineData("acme/api", "acme", null, HttpStatusCode.BadRequest)]
    [InlineData(null, null, null, HttpStatusCode.BadRequest)]
    [InlineData("acme/api", null, "https://ghe.example.com/api/v3", HttpStatusCode.Forbidden)] // for one who is no admin
    [InlineData("acme/api", null, null, HttpStatusCode.NoContent)]
    public async Task Only_githubs_own_addresses_are_taken(string? repository, string? organization, string? at, HttpStatusCode expected)
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        await node.CreateSessionAsync("his", bob);
        using var api = node.Api(bob);
        using var added = await api.PostAsJsonAsync("/api/sources", new AddSource { Kind = "github", Name = "ci", Session = "his" }, ApiJson.Default.AddSource);

        using var answer = await api.PutAsJsonAsync(
            "/api/sources/ci/catch-up", new SetCatchUp { Repository = repository, Organization = organization, Api = at, Token = Token }, ApiJson.Default.SetCatchUp);

        Assert.Equal(expected, answer.StatusCode);
    }
}
