using System.Reflection;
using System.Text.Json.Serialization;
using Cluster.Core.Api;
using Cluster.Server.Security;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Cluster.Server.Api;

/// <summary><c>/openapi/v1.json</c>: the API as programs read it, for whoever has a token. Everything in it is read off the endpoints.</summary>
internal static class ApiDescription
{
    public const string Path = "/openapi/v1.json";

    public static IServiceCollection AddApiDescription(this IServiceCollection services) =>
        services
            .Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Add(ParameterJson.Default))
            .AddOpenApi("v1", options =>
            {
                options.ShouldInclude = one => one.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
                options.AddDocumentTransformer(DescribeAsync);
                options.AddOperationTransformer(DescribeAsync);
            });

    public static void MapApiDescription(this IEndpointRouteBuilder app) =>
        app.MapOpenApi("/openapi/{documentName}.json").RequireAuthorization(TokenAuthentication.Bearer);

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Channel Cluster",
            Version = "v1",
            Description = "The operator's API of a node. Every call but the login bears an access token; a refusal is a problem document whose "
                + "detail is one sentence for a person.",
        };
        document.AddComponent(TokenAuthentication.Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An access token, as `cluster token add` makes one.",
        });
        return Task.CompletedTask;
    }

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<MethodInfo>().FirstOrDefault() is { } handler)
        {
            // SessionEndpoints.ListAsync is Session.List: two handlers of one class never bear one name.
            operation.OperationId = $"{Without(handler.DeclaringType!.Name, "Endpoints")}.{Without(handler.Name, "Async")}";
        }

        var refusal = await context.GetOrCreateSchemaAsync(typeof(Problem), null, ct);
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A refusal.",
            Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = refusal } },
        };
        if (metadata.OfType<Microsoft.AspNetCore.Authorization.IAuthorizeData>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(TokenAuthentication.Bearer, context.Document)] = [] }];
        }
    }

    private static string Without(string name, string end) => name.EndsWith(end, StringComparison.Ordinal) ? name[..^end.Length] : name;
}

/// <summary>Types of parameters that stand in a path or query, of which the description wants to know the form.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(long))]
internal sealed partial class ParameterJson : JsonSerializerContext;
