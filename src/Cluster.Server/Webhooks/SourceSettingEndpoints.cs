using Cluster.Core.Api;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Facts;
using Cluster.Server.Api;
using Cluster.Server.Security;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks;

/// <summary>What an operator may change of a source: whose words and which addresses it trusts, and whether whole payloads may be fetched.</summary>
internal static class SourceSettingEndpoints
{
    public static void MapSourceSettings(this IEndpointRouteBuilder api)
    {
        api.MapPost("/sources/{name}/authors", AuthorsAsync);
        api.MapPost("/sources/{name}/hosts", HostsAsync);
        api.MapPost("/sources/{name}/payload", PayloadAsync);
    }

    private static async Task<Results<Ok<SourceSettings>, ProblemHttpResult>> AuthorsAsync(
        string name, ChangeAuthors request, HttpContext context, SourceChanges changes, CancellationToken ct)
    {
        if (request.Add.Count + request.Remove.Count > AuthorIds.Most)
        {
            return ApiEndpoints.Bad($"{AuthorIds.Most} authors at the most can be changed at once.");
        }

        return Answer(await changes.ChangeAsync(
            name,
            (kind, settings) => WebhookSenders.Find(kind) is not { } sender
                ? (settings, $"This node does not know the kind '{kind}'; ask a newer one.")
                : Change(sender, settings, request),
            $"authors: added {request.Add.Count}, removed {request.Remove.Count}",
            context.Caller(),
            ct));
    }

    private static async Task<Results<Ok<SourceSettings>, ProblemHttpResult>> HostsAsync(
        string name, ChangeHosts request, HttpContext context, SourceChanges changes, CancellationToken ct) =>
        request.Add.Count + request.Remove.Count > SenderHost.Most
            ? ApiEndpoints.Bad($"{SenderHost.Most} hosts at the most can be changed at once.")
            : Answer(await changes.ChangeAsync(
                name,
                (kind, settings) => WebhookSenders.Find(kind) is not { } sender
                    ? (settings, $"This node does not know the kind '{kind}'; ask a newer one.")
                    : Change(sender, settings, request),
                $"hosts: added {request.Add.Count}, removed {request.Remove.Count}",
                context.Caller(),
                ct));

    private static async Task<Results<Ok<SourceSettings>, ProblemHttpResult>> PayloadAsync(
        string name, OpenPayload request, HttpContext context, SourceChanges changes, CancellationToken ct) =>
        Answer(await changes.ChangeAsync(
            name, (_, settings) => (settings with { Payload = request.Open }, null), $"payload {(request.Open ? "on" : "off")}", context.Caller(), ct));

    private static (SourceSettings Settings, string? Fault) Change(IWebhookSender sender, SourceSettings settings, ChangeAuthors request)
    {
        string[] authors = [.. (settings.Authors ?? []).Union(request.Add).Except(request.Remove).Order(StringComparer.Ordinal)];
        return (settings with { Authors = authors.Length == 0 ? null : authors }, WebhookSenders.AuthorFault(sender, authors) ?? WebhookSenders.AuthorFault(sender, request.Add));
    }

    private static (SourceSettings Settings, string? Fault) Change(IWebhookSender sender, SourceSettings settings, ChangeHosts request)
    {
        if ((WebhookSenders.HostFault(sender, request.Add) ?? WebhookSenders.HostFault(sender, request.Remove)) is { } fault)
        {
            return (settings, fault);
        }

        var hosts = SenderHost.Canonical((settings.Hosts ?? []).Concat(request.Add)).Except(SenderHost.Canonical(request.Remove)).ToList();
        return (settings with { Hosts = hosts.Count == 0 ? null : hosts }, WebhookSenders.HostFault(sender, hosts));
    }

    private static Results<Ok<SourceSettings>, ProblemHttpResult> Answer(SourceChange change) => change switch
    {
        SourceChange.Done(var settings) => TypedResults.Ok(settings),
        SourceChange.Refused(var fault) => ApiEndpoints.Bad(fault),
        _ => SourceEndpoints.NoSuchSource(),
    };
}
