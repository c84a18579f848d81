namespace Cluster.Core.Grains.Sessions;

/// <summary>A tool call that was done, for a client that did not hear so and calls again.</summary>
/// <param name="Key">The MCP session's hash and the JSON-RPC id.</param>
/// <param name="Arguments">SHA-256 of its arguments.</param>
/// <param name="At">When.</param>
public sealed record DoneCall(string Key, string Arguments, DateTimeOffset At)
{
    /// <summary>The position of what it did.</summary>
    public long Position { get; init; }
}

/// <summary>The tool calls of the last minutes: each is done once.</summary>
public sealed class ToolCalls
{
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private const int MaxKept = 500;

    public List<DoneCall> Done { get; init; } = [];

    public DateTimeOffset? LastAt { get; set; }

    public DoneCall? Find(string key, DateTimeOffset now) => Done.Find(call => call.Key == key && now - call.At < Kept);

    internal void Add(DoneCall call)
    {
        Done.RemoveAll(earlier => call.At - earlier.At >= Kept);
        Done.Add(call);
        if (Done.Count > MaxKept)
        {
            Done.RemoveRange(0, Done.Count - MaxKept);
        }

        LastAt = call.At;
    }
}
