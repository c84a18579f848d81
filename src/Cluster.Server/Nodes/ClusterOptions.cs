using System.ComponentModel.DataAnnotations;
using Cluster.Core.Sessions;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>Settings of a node, section <c>Cluster</c>: <c>--Cluster:Data ./data</c> or <c>Cluster__Data=./data</c>.</summary>
public sealed class ClusterOptions : IValidatableObject
{
    /// <summary>PostgreSQL for a cluster of nodes, <c>Host=…;Database=…;Username=…;Password=…</c>; empty for the embedded engine.</summary>
    public string Engine { get; set; } = "";

    /// <summary>Accept a PostgreSQL server that may lose commits in a crash.</summary>
    public bool AllowUnsafeDurability { get; set; }

    /// <summary>How this node is called in lists; the machine's name unless told.</summary>
    public string NodeName { get; set; } = "";

    /// <summary><see cref="NodeName"/>, or the machine's.</summary>
    public string Name => NodeName.Length > 0 ? NodeName : Environment.MachineName;

    /// <summary>Seconds that a node asked to stop (SIGTERM) goes on serving while it is not ready any more.</summary>
    [Range(0, 300)] public int DrainSeconds { get; set; }

    /// <summary>The admin's access token, 32 characters or more. Without it the first start makes one and writes it to the data folder.</summary>
    public string AdminToken { get; set; } = "";

    /// <summary>The folder of the embedded engine and of the files that a node makes.</summary>
    [Required] public string Data { get; set; } = "data";

    /// <summary>The principal that the first start makes.</summary>
    [Required] public string Admin { get; set; } = "admin";

    /// <summary>32 bytes in base64; without it the node makes a key file in the data folder. Also read from <c>CLUSTER_KEY</c>.</summary>
    public string Key { get; set; } = "";

    /// <summary>The key is lost: delete at this start the secrets that the present one cannot read.</summary>
    public bool ForgetSecrets { get; set; }

    /// <summary>The per-user folder where <c>cluster</c> looks for a node on its own machine; empty for the usual one.</summary>
    public string Home { get; set; } = "";

    /// <summary>The address under which people and other machines reach this node, such as <c>https://cluster.example.com</c>; empty
    /// for a node that is called from its own machine only.</summary>
    public string PublicUrl { get; set; } = "";

    /// <summary>Addresses and networks of the proxies whose <c>X-Forwarded-</c> headers are believed.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>Host names, beside loopback ones and the public one, under which this node may be called.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    [ValidateObjectMembers] public RetentionOptions Retention { get; set; } = new();

    [ValidateObjectMembers] public LimitOptions Limits { get; set; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        IEnumerable<string?> faults =
        [
            Slug.IsValid(Admin) && Admin != "me" ? null : $"Cluster:Admin is '{Admin}'; expected {Slug.Expected}, and not 'me'.",
            AdminToken.Length is > 0 and < 32 ? "Cluster:AdminToken is too short; expected 32 characters or more, as `openssl rand -hex 32` prints." : null,
            Nodes.PublicUrl.Read(PublicUrl).Fault,
            .. Security.TrustedProxies.Faults(TrustedProxies),
        ];
        return faults.OfType<string>().Select(fault => new ValidationResult(fault));
    }
}

/// <summary>How long things are kept once they are over.</summary>
public sealed class RetentionOptions
{
    /// <summary>Days that events, answers and permission requests are kept: longer than anything waits.</summary>
    [Range(8, 36_500)] public int EventDays { get; set; } = 30;

    /// <summary>Days that the audit is kept.</summary>
    [Range(8, 36_500)] public int AuditDays { get; set; } = 365;
}

/// <summary>How much one sender, one mailbox and one request may take.</summary>
public sealed class LimitOptions
{
    /// <summary>Messages a minute from one identity.</summary>
    [Range(1, 1_000_000)] public int MessagesPerMinute { get; set; } = 120;

    /// <summary>Deliveries a second from one webhook source, after a burst of ten seconds' worth.</summary>
    [Range(1, 1_000_000)] public int WebhooksPerSecond { get; set; } = 500;

    /// <summary>Deliveries that wait for one session; the next is refused.</summary>
    [Range(1, 10_000_000)] public int MailboxWaiting { get; set; } = 10_000;

    /// <summary>Seconds that a permission request stays open.</summary>
    [Range(1, 86_400)] public int PermissionSeconds { get; set; } = 600;

    /// <summary>Seconds that a tool call waits to tell what became, at the platform, of what it sent. A client asks again after 15.</summary>
    [Range(0, 10)] public int SendSeconds { get; set; } = 10;

    /// <summary>Seconds that one write to a client may take before the client is cut off.</summary>
    [Range(1, 600)] public int WriteSeconds { get; set; } = 10;

    /// <summary>Seconds after which a client that has not confirmed a batch is asked again.</summary>
    [Range(1, 600)] public int AskAgainSeconds { get; set; } = 5;

    /// <summary>Seconds that a client may take to confirm a batch before its stream is ended, so that it comes back or is seen to be
    /// gone; twice as long with every repeat of the batch.</summary>
    [Range(1, 600)] public int ConfirmSeconds { get; set; } = 30;
}

[OptionsValidator]
internal sealed partial class ClusterOptionsValidator : IValidateOptions<ClusterOptions>;
