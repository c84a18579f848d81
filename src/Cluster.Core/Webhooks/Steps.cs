namespace Cluster.Core.Webhooks;

/// <summary>Lines that several senders' set-up has in common.</summary>
internal static class Steps
{
    /// <summary>For a sender that makes the secret after it was told the URL: until the source knows it, every delivery is told to come again.</summary>
    public static IEnumerable<string> GiveSecret(SourceSetup setup, string where) =>
    [
        $"{where}. Write it to a file and give it to the source:",
        $"  cluster source rotate {setup.Name} --secret-file FILE --keep-old 0",
    ];
}
