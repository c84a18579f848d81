using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cluster.Cli.Nodes;
using Cluster.Core.Channel;

namespace Cluster.Cli.Connect;

/// <summary>The <c>.mcp.json</c> that makes Claude Code a client of the cluster.</summary>
internal static class McpConfig
{
    // For a file that people read: a `+` in a path stays a `+`.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON to stdout, what to do with it to stderr.</summary>
    public static void Print(ParseResult parsed, SessionWish wish, NodeAddress? overHttp, NodeChoice choice)
    {
        var streams = parsed.InvocationConfiguration;
        streams.Output.WriteLine(overHttp is null ? Stdio(wish.By == NamedBy.Option ? wish.Name : null, choice) : Http(overHttp, wish.Name));
        streams.Error.WriteLine("Put this into .mcp.json of the project (or merge its entry), then start Claude Code there:");
        streams.Error.WriteLine("  claude --dangerously-load-development-channels server:cluster");
    }

    public static string Stdio(string? session, NodeChoice choice) => Write(writer =>
    {
        var (command, first) = ThisProgram();
        writer.WriteString("command", command);
        writer.WriteStartArray("args");
        string?[] arguments =
        [
            .. first, "connect",
            .. choice.Url is null ? [] : new[] { "--url", choice.Url },
            .. choice.TokenFile is null ? [] : new[] { "--token-file", Path.GetFullPath(choice.TokenFile) },
        ];
        foreach (var argument in arguments)
        {
            writer.WriteStringValue(argument);
        }

        writer.WriteEndArray();
        if (session is not null)
        {
            // Not --session: every terminal that reads this file would take the name from the one before.
            writer.WriteStartObject("env");
            writer.WriteString("CLUSTER_SESSION", Default(session));
            writer.WriteEndObject();
        }
    });

    public static string Http(NodeAddress node, string session) => Write(writer =>
    {
        writer.WriteString("type", "http");
        writer.WriteString("url", new Uri(node.PublicUrl ?? node.Url, "mcp").AbsoluteUri); // this form is for pods, which are elsewhere
        writer.WriteStartObject("headers");
        writer.WriteString("Authorization", "Bearer ${CLUSTER_TOKEN}");
        writer.WriteString(ChannelProtocol.ClusterSessionHeader, Default(session));
        writer.WriteEndObject();
    });

    // Claude Code fills it in from its own environment.
    private static string Default(string session) => $"${{CLUSTER_SESSION:-{session}}}";

    private static (string Command, string[] First) ThisProgram()
    {
        var path = Environment.ProcessPath ?? "cluster";
        return Path.GetFileNameWithoutExtension(path).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? (path, [Path.Combine(AppContext.BaseDirectory, "cluster.dll")])
            : (path, []);
    }

    private static string Write(Action<Utf8JsonWriter> entry)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Readable))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("mcpServers");
            writer.WriteStartObject("cluster");
            entry(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
