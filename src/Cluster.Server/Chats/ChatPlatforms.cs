using System.Collections.Frozen;
using Cluster.Chat;

namespace Cluster.Server.Chats;

/// <summary>One kind of bot.</summary>
/// <param name="Name">As people write it.</param>
/// <param name="BaseUrl">The platform's own address.</param>
/// <param name="Create">Makes a bot for a token at an address.</param>
internal sealed record ChatPlatform(string Name, Uri BaseUrl, Func<string, Uri, IChatBot> Create);

/// <summary>The platforms that this node can speak to.</summary>
internal sealed class ChatPlatforms(IEnumerable<ChatPlatform> platforms)
{
    private readonly FrozenDictionary<string, ChatPlatform> _platforms = platforms.ToFrozenDictionary(platform => platform.Name);

    public IEnumerable<string> Names => _platforms.Keys.Order();

    public ChatPlatform? Find(string name) => _platforms.GetValueOrDefault(name);
}
