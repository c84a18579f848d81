using System.Security.Cryptography;
using Cluster.Server.Nodes;

namespace Cluster.Next.Server.Nodes;

/// <summary>The admin's access token: as it is set, else of this node's own making.</summary>
internal sealed class AdminToken
{
    private AdminToken(string token, string file)
    {
        Value = token;
        File = file;
    }

    public string Value { get; }

    /// <summary>Where it can be read; empty when it was set.</summary>
    public string File { get; }

    public static AdminToken Open(ClusterOptions options)
    {
        if (options.AdminToken.Trim() is { Length: > 0 } token)
        {
            return new AdminToken(token, "");
        }

        var file = NodeFiles.AdminTokenFile(options.Data);
        if (!System.IO.File.Exists(file) || System.IO.File.ReadAllText(file).Trim() is not { Length: >= 32 } made)
        {
            made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            NodeFiles.Write(file, made);
        }

        return new AdminToken(made, file);
    }
}
