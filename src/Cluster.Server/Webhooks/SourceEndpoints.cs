using Cluster.Core.Api;
using Cluster.Core.Sessions;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Facts;
using Cluster.Server.Api;
using Cluster.Server.Nodes;
using Cluster.Server.Security;
using Cluster.Server.Webhooks.CatchUp;
using Cluster.Storage.Principals;
using Cluster.Storage.Sources;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Webhooks;

/// <summary>The operator's API for webhook sources.</summary>
internal static class SourceEndpoints
{
    private const int MaxPlaybookLength = 4_000;

    public static void MapSources(this IEndpointRouteBuilder api)
    {
        api.MapGet("/sources", ListAsync);
        api.MapPost("/sources", AddAsync);
        api.MapDelete("/sources/{name}", RemoveAsync);
        api.MapPost("/sources/{name}/secret", RotateAsync);
        api.MapPost("/sources/{name}/test", TestAsync);
        api.MapSourceSettings();
        api.MapCatchUp();
    }

    private static async Task<Ok<IReadOnlyList<SourceInfo>>> ListAsync(HttpContext context, SourceStore sources, CancellationToken ct) =>
        TypedResults.Ok<IReadOnlyList<SourceInfo>>(await sources.ListAsync(context.Caller(), ct));

    private static async Task<Results<Ok<NewSource>, ProblemHttpResult>> AddAsync(
        AddSource request, HttpContext context, SourceStore sources, NodeAddress address, CancellationToken ct)
    {
        var caller = context.Caller();
        if (WebhookSenders.Find(request.Kind) is not { } sender)
        {
            return ApiEndpoints.Bad($"The kind of a source is one of: {string.Join(", ", WebhookSenders.All.Select(one => one.Kind))}.");
        }

        if (!Slug.IsValid(request.Name))
        {
            return ApiEndpoints.Bad($"A source's name is {Slug.Expected}.");
        }

        if (request.Playbook is { Length: > MaxPlaybookLength })
        {
            return ApiEndpoints.Bad($"The playbook has {request.Playbook.Length} characters; {MaxPlaybookLength} are the most.");
        }

        var given = request.Settings ?? SourceSettings.None;
        var settings = given with { AwaitsSecret = request.Secret is null && sender.MakesSecret(given) };
        if ((WebhookSenders.Fault(sender, settings) ?? GivenFault(sender, settings, request.Secret)) is { } fault)
        {
            return ApiEndpoints.Bad(fault);
        }

        if (!SessionId.TryParse(request.Session, caller.Principal, out var session))
        {
            return SessionEndpoints.BadName();
        }

        var wish = new SourceWish
        {
            Kind = request.Kind,
            Name = request.Name,
            Session = session,
            Playbook = request.Playbook ?? "",
            Settings = settings with
            {
                Authors = settings.Authors is { Count: > 0 } authors ? [.. authors.Distinct().Order(StringComparer.Ordinal)] : null,
                Hosts = settings.Hosts is { Count: > 0 } hosts ? SenderHost.Canonical(hosts) : null,
            },
            Secret = request.Secret ?? sender.Scheme(settings).NewSecret(),
        };
        try
        {
            return await sources.AddAsync(wish, caller, ct) is { } path
                ? TypedResults.Ok(new NewSource
                {
                    Name = wish.Name,
                    Kind = wish.Kind,
                    Url = $"{address.Url}/hooks/{path}",
                    Secret = request.Secret is null && !settings.AwaitsSecret ? wish.Secret : null,
                    Settings = settings == SourceSettings.None ? null : settings,
                })
                : TypedResults.Problem(
                    $"A source named '{request.Name}' exists already. Choose another name, or remove it first.", statusCode: StatusCodes.Status409Conflict);
        }
        catch (UnauthorizedAccessException)
        {
            return SessionEndpoints.NoSuchSession();
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        string name, HttpContext context, SourceStore sources, CancellationToken ct) =>
        await sources.RemoveAsync(name, context.Caller(), ct) ? TypedResults.NoContent() : NoSuchSource();

    private static async Task<Results<Ok<NewSource>, ProblemHttpResult>> RotateAsync(
        string name,
        RotateSecret request,
        HttpContext context,
        SourceStore sources,
        SourceSecrets secrets,
        NodeAddress address,
        TimeProvider clock,
        CancellationToken ct)
    {
        var caller = context.Caller();
        if (await FindAsync(name, caller, sources, ct) is not { } source)
        {
            return NoSuchSource();
        }

        if (WebhookSenders.Find(source.Kind) is not { } sender)
        {
            return ApiEndpoints.Bad($"This node does not know the kind '{source.Kind}'; ask a newer one.");
        }

        var fault = request.Secret is null && sender.MakesSecret(source.Settings)
            ? $"{sender.Platform} makes the secret: give it with --secret-file."
            : GivenFault(sender, source.Settings, request.Secret);
        if (fault is not null)
        {
            return ApiEndpoints.Bad(fault);
        }

        var keep = source.Settings.AwaitsSecret ? TimeSpan.Zero : TimeSpan.FromHours(request.KeepOldHours);
        var secret = request.Secret ?? sender.Scheme(source.Settings).NewSecret();
        return await secrets.RotateAsync(name, secret, keep, caller, ct) switch
        {
            Rotation.Done => TypedResults.Ok(new NewSource
            {
                Name = name,
                Kind = source.Kind,
                Url = $"{address.Url}/hooks/{source.Path}",
                Secret = request.Secret is null ? secret : null,
                Settings = source.Settings with { AwaitsSecret = false },
                OldUntil = keep > TimeSpan.Zero ? clock.GetUtcNow() + keep : null,
            }),
            Rotation.TooMany => TypedResults.Problem(
                $"{SourceSecrets.Most} secrets of '{name}' are good already. Wait until one ends (see: cluster source list), or end all old ones: --keep-old 0.",
                statusCode: StatusCodes.Status409Conflict),
            _ => NoSuchSource(),
        };
    }

    private static async Task<Results<Ok<SourceTest>, ProblemHttpResult>> TestAsync(
        string name, HttpContext context, SourceStore sources, SourceTester tester, CancellationToken ct) =>
        await FindAsync(name, context.Caller(), sources, ct) is { } source
            ? TypedResults.Ok(await tester.RunAsync(source, ct))
            : NoSuchSource();

    private static async Task<Source?> FindAsync(string name, Caller by, SourceStore sources, CancellationToken ct) =>
        await sources.PathAsync(name, by, ct) is { } path ? await sources.FindAsync(path, ct) : null;

    private static string? GivenFault(IWebhookSender sender, SourceSettings settings, string? secret) =>
        secret is null ? null : WebhookSenders.SecretFault(sender, settings, secret) ?? PublicKeys.Fault(sender, settings, secret);

    internal static ProblemHttpResult NoSuchSource() =>
        TypedResults.Problem("You have no such source. See: cluster source list.", statusCode: StatusCodes.Status404NotFound);
}
