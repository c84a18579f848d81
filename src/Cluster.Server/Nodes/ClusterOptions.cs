using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Cluster.Server.Nodes;

/// <summary>Settings of a node, section <c>Cluster</c>: <c>--Cluster:Data ./data</c> or <c>Cluster__Data=./data</c>.</summary>
public sealed class ClusterOptions
{
    /// <summary>The data folder of the embedded engine.</summary>
    [Required] public string Data { get; set; } = "data";

    /// <summary>The principal that the first start makes.</summary>
    [Required] public string Admin { get; set; } = "admin";

    /// <summary>32 bytes in base64; without it the node makes a key file in the data folder. Also read from <c>CLUSTER_KEY</c>.</summary>
    public string Key { get; set; } = "";

    /// <summary>The per-user folder where <c>cluster</c> looks for a node on its own machine; empty for the usual one.</summary>
    public string Home { get; set; } = "";

    /// <summary>Host names, beside loopback ones, under which this node may be called.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    [ValidateObjectMembers] public LimitOptions Limits { get; set; } = new();
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

    /// <summary>Seconds that one write to a client may take before the client is cut off.</summary>
    [Range(1, 600)] public int WriteSeconds { get; set; } = 10;

    /// <summary>Seconds that a client may take to confirm a batch before its stream is ended, so that it comes back or is seen to be
    /// gone; twice as long with every repeat of the batch.</summary>
    [Range(1, 600)] public int ConfirmSeconds { get; set; } = 30;
}

[OptionsValidator]
internal sealed partial class ClusterOptionsValidator : IValidateOptions<ClusterOptions>;
