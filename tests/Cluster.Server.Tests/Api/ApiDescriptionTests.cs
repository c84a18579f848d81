using System.Net;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.Server.Tests.Api;

public sealed class ApiDescriptionTests
{
    [Fact]
    public async Task Every_endpoint_of_the_api_is_described_under_a_name_of_its_own_with_what_it_takes_and_refuses()
    {
        await using var node = await NodeHost.StartAsync();
        using var api = node.Api();

        var document = JsonNode.Parse(await api.GetStringAsync("/openapi/v1.json"))!;

        var operations = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(one => (Call: $"{one.Key.ToUpperInvariant()} {path.Key}", Operation: one.Value!)))
            .ToDictionary(one => one.Call, one => one.Operation);
        Assert.Equal(await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Api", "calls.txt")), operations.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(operations.Count, operations.Values.Select(one => one["operationId"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal("Event.Show", operations["GET /api/events/{id}"]["operationId"]!.GetValue<string>());
        Assert.All(operations.Values, one => Assert.NotNull(one["responses"]!["default"]!["content"]!["application/problem+json"]));
        Assert.All(operations.Where(one => one.Key != "POST /api/login"), one => Assert.NotNull(one.Value["security"]));
        Assert.NotNull(operations["POST /api/events/{id}/replay"]["requestBody"]);
        Assert.NotNull(document["components"]!["schemas"]!["EventLife"]!["properties"]!["verified"]);
        Assert.NotNull(document["components"]!["securitySchemes"]!["Bearer"]);
    }

    [Fact]
    public async Task The_description_is_for_whoever_has_a_token_and_holds_none()
    {
        await using var node = await NodeHost.StartAsync();
        var bob = await node.InviteAsync("bob");
        using var anonymous = new HttpClient { BaseAddress = new Uri(node.Url) };
        using var bobs = node.Api(bob);

        using var refused = await anonymous.GetAsync("/openapi/v1.json");
        var told = await bobs.GetStringAsync("/openapi/v1.json");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.DoesNotContain("clt_", told);
    }
}
