namespace Cluster.Next.Chaos;

/// <summary>What failed, in one line: the logs of the nodes are kept beside.</summary>
internal static class Failure
{
    private const int Most = 300;

    public static string Said(Exception e)
    {
        var line = $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
        return line.Length <= Most ? line : line[..Most] + "…";
    }
}
