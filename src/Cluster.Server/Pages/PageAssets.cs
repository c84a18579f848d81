using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Cluster.Server.Pages;

/// <summary>The pages' style, script and icon, out of the assembly itself: they are there however the node is started. Their
/// addresses carry their hash, so a browser keeps them until they change.</summary>
internal static class PageAssets
{
    private const string Folder = "/page/assets";

    private static readonly FrozenDictionary<string, (string Type, byte[] Bytes, string Hash)> Assets =
        new[] { Load("page.css", "text/css; charset=utf-8"), Load("page.js", "text/javascript; charset=utf-8"), Load("icon.svg", "image/svg+xml") }
            .ToFrozenDictionary(asset => asset.Name, asset => (asset.Type, asset.Bytes, asset.Hash));

    public static string Url(string name) => $"{Folder}/{name}?v={Assets[name].Hash}";

    public static bool IsAsset(PathString path) => path.StartsWithSegments(Folder);

    public static void MapPageAssets(this IEndpointRouteBuilder app) => app.MapGet(Folder + "/{name}", Get);

    private static Results<FileContentHttpResult, NotFound> Get(string name, HttpContext context)
    {
        if (!Assets.TryGetValue(name, out var asset))
        {
            return TypedResults.NotFound();
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(asset.Bytes, asset.Type);
    }

    private static (string Name, string Type, byte[] Bytes, string Hash) Load(string name, string type)
    {
        using var resource = typeof(PageAssets).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return (name, type, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
    }
}
