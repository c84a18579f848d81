using Cluster.Chat;

namespace Cluster.Tests.Chat;

/// <summary>Files to send.</summary>
internal static class Uploads
{
    public static ChatUpload Of(string name, string type, byte[] content) => new()
    {
        Name = name,
        MediaType = type,
        Size = content.Length,
        OpenAsync = _ => Task.FromResult<Stream>(new MemoryStream(content, writable: false)),
    };

    /// <summary>One that is said to be larger than it could be.</summary>
    public static ChatUpload Large(string name, string type, long size) => new()
    {
        Name = name,
        MediaType = type,
        Size = size,
        OpenAsync = _ => throw new InvalidOperationException("Nobody may ask for its content."),
    };

    public static async Task<byte[]> ReadAsync(FetchOutcome outcome)
    {
        await using var content = Assert.IsType<FetchOutcome.Found>(outcome).Content;
        using var all = new MemoryStream();
        await content.CopyToAsync(all, TestContext.Current.CancellationToken);
        return all.ToArray();
    }
}
