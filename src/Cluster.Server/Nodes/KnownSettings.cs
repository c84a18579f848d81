using Cluster.Core.Routing;

namespace Cluster.Server.Nodes;

/// <summary>Every setting that a node has. What is written otherwise would be without effect, so it is refused.</summary>
internal static class KnownSettings
{
    private const string Section = "Cluster:";

    /// <summary>Those of <see cref="ClusterOptions"/> (a test holds that they are all here), with their meaning; lists end in <c>:0</c>.</summary>
    public static readonly IReadOnlyList<(string Name, string Meaning)> OfNode =
    [
        ("Cluster:Data", "the data folder: ./data unless told"),
        ("Cluster:Engine", "PostgreSQL, for several nodes: Host=…;Database=…;Username=…;Password=…"),
        ("Cluster:PublicUrl", "the address by which others reach the node: https://cluster.example.com"),
        ("Cluster:Admin", "the principal that the first start makes: admin"),
        ("Cluster:AdminToken", "the admin's token; without it one is made and kept in the data folder"),
        ("Cluster:Key", "as CLUSTER_KEY: 32 bytes in base64; without it a file in the data folder"),
        ("Cluster:ForgetSecrets", "true, once, when the key is lost for good"),
        ("Cluster:Home", "the folder in which `cluster` finds the node on this machine"),
        ("Cluster:NodeName", "how `cluster nodes` calls this node: the machine's name"),
        ("Cluster:DrainSeconds", "how long it still serves after SIGTERM: 0"),
        ("Cluster:AllowUnsafeDurability", "true accepts a PostgreSQL that may lose commits in a crash"),
        ("Cluster:TrustedProxies:0", "and :1 …: whose X-Forwarded- headers are believed"),
        ("Cluster:AllowedHosts:0", "and :1 …: further host names of the node"),
        ("Cluster:Retention:EventDays", "how long events are kept: 30"),
        ("Cluster:Retention:AuditDays", "how long the audit is kept: 365"),
        ("Cluster:Limits:MessagesPerMinute", "from one identity: 120"),
        ("Cluster:Limits:WebhooksPerSecond", "from one source: 500"),
        ("Cluster:Limits:MailboxWaiting", "what waits for one session at the most: 10000"),
        ("Cluster:Limits:PermissionSeconds", "how long a permission request stays open: 600"),
        ("Cluster:Limits:SendSeconds", "how long a tool call waits for the chat platform: 10"),
        ("Cluster:Limits:WriteSeconds", "how long one write to a client may take: 10"),
        ("Cluster:Limits:AskAgainSeconds", "after how long an unconfirmed batch is asked for: 5"),
        ("Cluster:Limits:ConfirmSeconds", "how long a client may take to confirm a batch: 30"),
    ];

    // Of ASP.NET and its host.
    private static readonly string[] OfHost =
    [
        "urls", "environment", "contentRoot", "applicationName", "webroot", "http_ports", "https_ports", "https_port", "AllowedHosts",
        "shutdownTimeoutSeconds", "detailedErrors", "captureStartupErrors", "hostingStartupAssemblies", "hostingStartupExcludeAssemblies",
        "preventHostingStartup", "preferHostingUrls", "suppressStatusMessages", "forwardedHeaders_enabled", "CLUSTER_KEY",
    ];

    private static readonly string[] Sections = ["Logging:", "Kestrel:"];

    private static readonly string[] All = [.. OfNode.Select(setting => setting.Name), .. OfHost];

    public static bool IsKnown(string name) =>
        Array.Exists(All, known => Same(known, name) || IsItemOf(known, name)) || Array.Exists(Sections, section => name.StartsWith(section, StringComparison.OrdinalIgnoreCase));

    /// <summary>True for what belongs to one node: its folders, keys, tokens and addresses.</summary>
    public static bool IsOfNode(string name) => name.StartsWith(Section, StringComparison.OrdinalIgnoreCase) || Same(name, "CLUSTER_KEY");

    /// <summary>What somebody probably meant, or null.</summary>
    public static string? Near(string name, IEnumerable<string> more)
    {
        var written = name.Replace("__", ":", StringComparison.Ordinal).TrimStart('-', '/');
        string[] known = [.. All, .. more];
        return Array.Find(known, word => word.EndsWith($":{written}", StringComparison.OrdinalIgnoreCase))
            ?? (written.Length > 2 ? Array.Find(known, word => word.StartsWith(written, StringComparison.OrdinalIgnoreCase)) : null)
            ?? (Nearest.Find(written.ToLowerInvariant(), Array.ConvertAll(known, word => word.ToLowerInvariant())) is { } near ? Array.Find(known, word => Same(word, near)) : null)
            ?? Parts(written, known);
    }

    /// <summary>A sentence for each setting of the node that is written wrong, wherever it stands.</summary>
    public static IEnumerable<string> Faults(IConfiguration settings) =>
        from setting in settings.GetSection(Section.TrimEnd(':')).AsEnumerable()
        where setting.Value is not null && setting.Key.StartsWith(Section, StringComparison.OrdinalIgnoreCase) && !IsKnown(setting.Key)
        orderby setting.Key
        select $"There is no setting {setting.Key} (in the environment {setting.Key.Replace(":", "__", StringComparison.Ordinal)})"
            + (Near(setting.Key, []) is { } near ? $"; did you mean {near}?" : "; --help lists the settings.");

    // Wrong in more than one part, each near: Cluster:Limts:Mailbox.
    private static string? Parts(string written, string[] known)
    {
        var parts = written.ToLowerInvariant().Split(':');
        return Array.Find(known, word =>
        {
            var others = word.ToLowerInvariant().Split(':');
            return parts.Length > 1 && others.Length == parts.Length
                && parts.Zip(others).All(pair => pair.Second.StartsWith(pair.First, StringComparison.Ordinal) || Nearest.Find(pair.First, [pair.Second]) is not null);
        });
    }

    // A single value for a list is known, too: what is wrong with it is told in other words.
    private static bool IsItemOf(string list, string name)
    {
        if (!list.EndsWith(":0", StringComparison.Ordinal))
        {
            return false;
        }

        var start = list[..^1];
        return Same(start.TrimEnd(':'), name) || (name.StartsWith(start, StringComparison.OrdinalIgnoreCase) && int.TryParse(name[start.Length..], out var number) && number >= 0);
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
