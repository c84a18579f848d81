using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Core.Sessions;

namespace Cluster.Cli.Connect;

/// <summary>What Claude knows of its session's name. Nobody sees standard error once Claude Code runs, so the name stands in the instructions where
/// it is known in time, else behind the first answer of a tool.</summary>
internal sealed class ToldName
{
    // JSON-RPC between two programs.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _gate = new();
    private GivenName? _told;
    private GivenName? _owed;

    /// <summary>It stands in the instructions; null when they name none.</summary>
    public void Told(GivenName? name)
    {
        lock (_gate)
        {
            _told = name;
        }
    }

    /// <summary>The node has given it.</summary>
    public void Given(GivenName name)
    {
        lock (_gate)
        {
            _owed = name == _told ? null : name;
        }
    }

    /// <summary>Puts behind a tool's answer what Claude does not know yet.</summary>
    public ReadOnlyMemory<byte> AddTo(ReadOnlyMemory<byte> answer)
    {
        lock (_gate)
        {
            if (_owed is null)
            {
                return answer;
            }

            try
            {
                if (JsonNode.Parse(answer.Span) is not JsonObject message || message["result"] is not JsonObject result || result["content"] is not JsonArray content)
                {
                    return answer;
                }

                content.Add((JsonNode)new JsonObject
                {
                    ["type"] = "text",
                    ["text"] = _told is null ? _owed.Sentence : $"Not as your instructions say: {_owed.Sentence}",
                });
                var told = Encoding.UTF8.GetBytes(message.ToJsonString(Plain));
                (_told, _owed) = (_owed, null);
                return told;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                return answer; // the next one tells it
            }
        }
    }
}
