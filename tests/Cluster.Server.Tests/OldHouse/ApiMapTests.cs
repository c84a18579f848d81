using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cluster.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.Server.Tests.OldHouse;

[Trait("House", "old")]
public sealed partial class ApiMapTests
{
    [Fact]
    public async Task Every_endpoint_of_the_api_is_described()
    {
        await using var node = await NodeHost.StartInProcessAsync();
        using var api = node.Api();

        var document = JsonNode.Parse(await api.GetStringAsync("/openapi/v1.json"))!;

        var described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(one => $"{one.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(Mapped(node).Order(), described.Order());
    }

    private static IEnumerable<string> Mapped(NodeHost node) =>
        from endpoint in node.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let path = "/" + Constraint().Replace(endpoint.RoutePattern.RawText!.Trim('/'), "}")
        where path.StartsWith("/api/")
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select $"{method} {path}";

    [GeneratedRegex(@":\w+\}")]
    private static partial Regex Constraint();
}
