using System.Text.Json.Nodes;
using Cluster.Core.Channel;
using Cluster.Core.Sessions;
using Cluster.Server.Security;

namespace Cluster.Server.Mcp;

/// <summary>How a client begins: which session it asks for, by its headers, and which it gets.</summary>
internal static class McpBeginnings
{
    public static async Task InitializeAsync(HttpContext context, McpMessage.Request request, McpRequests requests, Workplaces places, CancellationToken ct)
    {
        if (!TryReadAsked(context, out var asked, out var instance, out var refusal))
        {
            await RefuseAsync(context, request, refusal);
            return;
        }

        try
        {
            if (await requests.InitializeAsync(context.Caller(), asked, instance, request.Params, ct) is not var (id, name, result))
            {
                await RefuseAsync(context, request, AllTaken(asked));
                return;
            }

            places.Begin(id, name.Session, context.Request.Headers);
            context.Response.Headers[ChannelProtocol.SessionHeader] = id;
            Tell(context, name);
            await McpEndpoints.JsonAsync(context, StatusCodes.Status200OK, McpMessage.Result(request.Id, result));
        }
        catch (InvalidOperationException e) when (McpMessage.IsUnreadableText(e))
        {
            await McpEndpoints.JsonAsync(context, StatusCodes.Status400BadRequest, McpMessage.Error(
                request.Id, ChannelProtocol.InvalidParams, "The parameters have text that is not valid Unicode."));
        }
    }

    /// <summary>Says which session it would be, so that a client can be told before it is one.</summary>
    public static async Task NameAsync(HttpContext context, McpMessage.Request request, McpRequests requests, CancellationToken ct)
    {
        if (!TryReadAsked(context, out var asked, out var instance, out var refusal))
        {
            await RefuseAsync(context, request, refusal);
        }
        else if (await requests.NameAsync(asked, instance, ct) is { } name)
        {
            Tell(context, name);
            await McpEndpoints.JsonAsync(context, StatusCodes.Status200OK, McpMessage.Result(request.Id, new JsonObject()));
        }
        else
        {
            await RefuseAsync(context, request, AllTaken(asked));
        }
    }

    private static void Tell(HttpContext context, GivenName name)
    {
        context.Response.Headers[ChannelProtocol.ClusterSessionHeader] = name.Session.ToString();
        if (name.Reasons is { Length: > 0 } reasons)
        {
            context.Response.Headers[ChannelProtocol.ReasonHeader] = reasons;
        }
    }

    private static bool TryReadAsked(HttpContext context, out SessionId session, out Instance? instance, out Refusal refusal)
    {
        var headers = context.Request.Headers;
        (session, instance, refusal) = (default, null, default);
        if (headers[ChannelProtocol.ClusterSessionHeader] is not [{ Length: > 0 } name])
        {
            refusal = new(400, $"Header {ChannelProtocol.ClusterSessionHeader} is missing: say which session this is, as NAME or OWNER/NAME, in .mcp.json under \"headers\".");
        }
        else if (!SessionId.TryParse(name, context.Caller().Principal, out session))
        {
            refusal = new(400, $"Header {ChannelProtocol.ClusterSessionHeader} must be NAME or OWNER/NAME, each of {Slug.Expected}.");
        }
        else if (session.Owner != context.Caller().Principal)
        {
            refusal = new(404, "There is no such session of yours. Use NAME alone for a session of your own.");
        }
        else if (!TryReadInstance(headers, out instance))
        {
            refusal = new(400, $"Header {ChannelProtocol.InstanceHeader} must be {Instance.Expected}.");
        }
        else if (!TryReadProject(headers, out var project))
        {
            refusal = new(400, $"Headers {ChannelProtocol.ProjectHeader} and {ChannelProtocol.EarlierProjectHeader} must be {Project.Expected} where they are sent.");
        }
        else
        {
            instance = instance is null ? null : instance with { Project = project, IsNamed = headers[ChannelProtocol.NamedHeader] is ["true"] };
        }

        return refusal.Status == 0;
    }

    // A client that sends none is the only one of its name, and supersedes whoever has it.
    private static bool TryReadInstance(IHeaderDictionary headers, out Instance? instance)
    {
        instance = null;
        var header = headers[ChannelProtocol.InstanceHeader];
        if (header is [{ } id] && Instance.IsId(id))
        {
            instance = new Instance(id, Claims: headers[ChannelProtocol.ClaimHeader] is ["true"]);
            return true;
        }

        return header.Count == 0;
    }

    // An empty key would be the same for everybody who sends one.
    private static bool TryReadProject(IHeaderDictionary headers, out Project? project)
    {
        project = null;
        var (key, earlier) = (headers[ChannelProtocol.ProjectHeader], headers[ChannelProtocol.EarlierProjectHeader]);
        if (key is not [{ } own] || !Project.IsKey(own))
        {
            return key.Count == 0 && earlier.Count == 0;
        }

        var repository = headers[ChannelProtocol.RepositoryHeader] is [{ } said] ? said : null;
        project = new Project { Key = own, Earlier = earlier is [{ } before] ? before : null, Place = Workplace.Read(repository, null, null).Place };
        return earlier.Count == 0 || (earlier is [{ } only] && Project.IsKey(only));
    }

    private static Refusal AllTaken(SessionId asked) => new(
        409, $"{InstanceRules.MaxTerminals} terminals run as {asked} and its further names already. End one of them, or start this one with --session and another name.");

    private static Task RefuseAsync(HttpContext context, McpMessage.Request request, Refusal refusal) =>
        McpEndpoints.JsonAsync(context, refusal.Status, McpMessage.Error(request.Id, ChannelProtocol.InvalidRequest, refusal.Reason));

    private readonly record struct Refusal(int Status, string Reason);
}
