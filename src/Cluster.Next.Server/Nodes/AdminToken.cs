using System.Security.Cryptography;
using System.Text;
using Cluster.Server.Nodes;

namespace Cluster.Next.Server.Nodes;

/// <summary>The admin's access token: as it is set, else of this node's own making.</summary>
internal sealed class AdminToken
{
    private readonly byte[] _hash;

    private AdminToken(string token, string file)
    {
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        File = file;
    }

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

    /// <summary>Refuses whoever does not bring it as bearer token.</summary>
    public async ValueTask<object?> RequireAsync(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
    {
        var http = call.HttpContext;
        if (http.Request.Headers.Authorization is [{ } header]
            && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(_hash, SHA256.HashData(Encoding.UTF8.GetBytes(header["Bearer ".Length..].Trim()))))
        {
            return await next(call);
        }

        http.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem(
            "The access token is missing, unknown or revoked. Send `Authorization: Bearer …` with a token from `cluster login` or `cluster token new`.",
            statusCode: StatusCodes.Status401Unauthorized);
    }
}
