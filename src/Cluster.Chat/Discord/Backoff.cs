namespace Cluster.Chat.Discord;

/// <summary>How long to wait before the next try: from 0.25 s, doubled up to a minute, each shortened by chance up to a half.</summary>
internal sealed class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private int _failures;

    public TimeSpan Next()
    {
        var wait = First * Math.Pow(2, Math.Min(_failures++, 10));
        return (wait < Longest ? wait : Longest) * (1 - Random.Shared.NextDouble() / 2);
    }

    public void Reset() => _failures = 0;
}
