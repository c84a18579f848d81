using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Cluster.Simulator.Discord;

/// <summary>A button as the bot made it.</summary>
public sealed record SentButton(string Label, string CustomId);

/// <summary>A message that the bot sent, or made of one.</summary>
public sealed record SentMessage(string Id, string Channel, string Content, int Flags, string? ReplyTo, IReadOnlyList<SentButton> Buttons)
{
    public IReadOnlyList<SimulatedFile> Files { get; init; } = [];
}

/// <summary>What only the person sees who pressed.</summary>
public sealed record SentAnswer(string Interaction, string Content, int Flags);

/// <summary>What somebody is shown while they write an argument.</summary>
public sealed record SentChoices(string Interaction, IReadOnlyList<(string Name, string Value)> Choices);

/// <summary>A thread that the bot opened.</summary>
public sealed record SentThread(DiscordChannel Thread, string Name, int Type);

/// <summary>An emoji that came or went.</summary>
public sealed record SentReaction(string Message, string Emoji, bool Added);

/// <summary>What the bot did at the simulated Discord, each in its order.</summary>
public sealed class DiscordSent
{
    private readonly Channel<SentMessage> _messages = Channel.CreateUnbounded<SentMessage>();
    private readonly Channel<SentMessage> _edits = Channel.CreateUnbounded<SentMessage>();
    private readonly Channel<SentAnswer> _answers = Channel.CreateUnbounded<SentAnswer>();
    private readonly Channel<SentReaction> _reactions = Channel.CreateUnbounded<SentReaction>();
    private readonly Channel<SentChoices> _choices = Channel.CreateUnbounded<SentChoices>();
    private readonly Channel<SentThread> _threads = Channel.CreateUnbounded<SentThread>();
    private readonly Channel<IReadOnlyList<string>> _menus = Channel.CreateUnbounded<IReadOnlyList<string>>();
    private readonly Channel<string> _typing = Channel.CreateUnbounded<string>();

    public ChannelReader<SentMessage> Messages => _messages.Reader;

    public ChannelReader<SentMessage> Edits => _edits.Reader;

    public ChannelReader<SentAnswer> Answers => _answers.Reader;

    public ChannelReader<SentReaction> Reactions => _reactions.Reader;

    public ChannelReader<SentChoices> Choices => _choices.Reader;

    public ChannelReader<SentThread> Threads => _threads.Reader;

    /// <summary>The names of its commands, each time that it put them there.</summary>
    public ChannelReader<IReadOnlyList<string>> Menus => _menus.Reader;

    /// <summary>The channels where it showed that it writes.</summary>
    public ChannelReader<string> Typing => _typing.Reader;

    internal void Message(JsonObject message, JsonObject request, IReadOnlyList<SimulatedFile> files) =>
        _messages.Writer.TryWrite(Read(message, request) with { Files = files });

    internal void Edit(JsonObject message, JsonObject request) => _edits.Writer.TryWrite(Read(message, request));

    internal void Answer(SentAnswer answer) => _answers.Writer.TryWrite(answer);

    internal void Reaction(SentReaction reaction) => _reactions.Writer.TryWrite(reaction);

    internal void Choose(SentChoices choices) => _choices.Writer.TryWrite(choices);

    internal void Thread(SentThread thread) => _threads.Writer.TryWrite(thread);

    internal void Menu(IReadOnlyList<string> commands) => _menus.Writer.TryWrite(commands);

    internal void Type(string channel) => _typing.Writer.TryWrite(channel);

    private static SentMessage Read(JsonObject message, JsonObject request) => new(
        (string)message["id"]!,
        (string)message["channel_id"]!,
        (string)message["content"]!,
        (int?)request["flags"] ?? 0,
        (string?)request["message_reference"]?["message_id"],
        [.. (request["components"] as JsonArray ?? [])
            .SelectMany(row => (JsonArray)row!["components"]!)
            .Select(button => new SentButton((string)button!["label"]!, (string)button["custom_id"]!))]);
}
