using Cluster.Core.Logs;
using Cluster.Next.Grains.Logs;
using Cluster.Next.Grains.Users;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Mcp;
using Cluster.Next.Server.Nodes;
using Cluster.Next.Server.Silos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Cluster.Next.Chaos.Faults;

/// <summary>A node that differs from the product in one thing. It runs as a process of its own, since storms kill and freeze it.</summary>
internal static class FaultyNode
{
    public const string AnswerBeforeAppend = "answer-before-append";
    public const string NoClaim = "no-claim";
    public const string TwoInFlight = "two-in-flight";
    public const string UnfencedPush = "unfenced-push";

    /// <summary>No fault: pushes come late, as when the network holds them, and the fence stands.</summary>
    public const string LatePush = "late-push";

    /// <summary>No fault: a door by which a standing is raised, which the product's API does not have yet.</summary>
    public const string Door = "standing-door";

    /// <summary>The path of the door.</summary>
    public const string RaisePath = "/chaos/raise/";

    /// <summary>While this file stands in its data folder, a node with late pushes holds what comes.</summary>
    public const string HoldFile = "hold";

    public static async Task<int> RunAsync(string fault, string[] args)
    {
        await using var app = await Node.BuildAsync(args, builder => Apply(fault, builder));
        if (fault == Door)
        {
            app.MapPost(RaisePath + "{identity}", (Delegate)RaiseAsync);
        }

        await Node.StartAsync(app);
        await app.WaitForShutdownAsync();
        return 0;
    }

    // What is registered before the node's own services takes their place.
    private static void Apply(string fault, WebApplicationBuilder builder)
    {
        var services = builder.Services.AddSingleton<INodeEnd, ProcessEnd>();
        switch (fault)
        {
            case AnswerBeforeAppend:
                services.AddSingleton<ILogWriter, AnswersFirst>();
                break;
            case NoClaim:
                services.AddSingleton<GrainLogs, UnclaimedLogs>();
                break;
            case TwoInFlight:
                services.AddSingleton<GrainLogs, OverlappingLogs>();
                break;
            case UnfencedPush or LatePush:
                var hold = Path.Combine(builder.Configuration["Cluster:Data"]!, HoldFile);
                services.AddSingleton<StreamNode>(provider =>
                    new LatePushes(new Lazy<GrainCalls>(provider.GetRequiredService<GrainCalls>), hold, fault == LatePush));
                break;
            case Door:
                break;
            default:
                throw new ArgumentException($"'{fault}' is no fault.", nameof(fault));
        }
    }

    private static async Task RaiseAsync(HttpContext context)
    {
        var calls = context.RequestServices.GetRequiredService<GrainCalls>();
        var identity = (string)context.Request.RouteValues["identity"]!;
        while (true)
        {
            try
            {
                await calls.User<IUserStanding>(identity).RaiseAsync("chaos", context.RequestAborted);
                return;
            }
            catch (Exception e) when (Passing.Is(e))
            {
                await Task.Delay(200, context.RequestAborted);
            }
        }
    }
}
