using System.Text.Json;

namespace Cluster.Chat.Discord;

/// <summary>Reads presses of buttons, slash commands, and the writing of their arguments.</summary>
internal static class DiscordInteractions
{
    // Discord: Interactions, interaction type.
    private const int Command = 2;
    private const int MessageComponent = 3;
    private const int Autocomplete = 4;

    private const int ButtonComponent = 2; // Discord: Component Reference, component types.
    private const int ChatInput = 1; // Discord: Application Commands, application command types.
    private const int AmongOthers = 2; // Discord: Interactions, interaction context types: without the bot.

    /// <summary>Null for what no person did, and for what cannot be answered.</summary>
    public static ChatUpdate? Read(DiscordInteraction interaction)
    {
        if (interaction.Token is not { Length: > 0 }
            || (interaction.Member?.User ?? interaction.User) is not { IsPerson: true } user
            || !Snowflake.IsValid(interaction.Id)
            || !Snowflake.IsValid(interaction.ChannelId))
        {
            return null;
        }

        var place = new ChatPlace
        {
            Chat = interaction.ChannelId!,
            Private = interaction.GuildId is null && interaction.Context != AmongOthers,
        };
        var (key, pressId, sender) = ($"i{interaction.Id}", $"{interaction.Id}/{interaction.Token}", DiscordUpdates.Sender(user));
        return interaction switch
        {
            { Type: MessageComponent, Data: { ComponentType: ButtonComponent, CustomId: { } data }, Message.Id: var message }
                when Snowflake.IsValid(message) =>
                new ChatUpdate.Press { Key = key, Place = place, Sender = sender, MessageId = message!, PressId = pressId, Data = data },
            { Type: Command, Data: { Type: ChatInput, Name: { Length: > 0 } name, Options: var options } } => new ChatUpdate.Command
            {
                Key = key,
                Place = place,
                Sender = sender,
                MessageId = "",
                PressId = pressId,
                Name = name,
                Arguments = Arguments(options),
            },
            { Type: Autocomplete, Data: { Type: ChatInput, Name: { Length: > 0 } name, Options: var options } } => new ChatUpdate.Complete
            {
                Key = key,
                Place = place,
                Sender = sender,
                MessageId = "",
                PressId = pressId,
                CommandName = name,
                Typed = options?.FirstOrDefault(option => option?.Focused == true) is { } written ? Value(written) ?? "" : "",
            },
            _ => null,
        };
    }

    private static Dictionary<string, string> Arguments(IReadOnlyList<DiscordOption?>? options)
    {
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in options ?? [])
        {
            if (option is { Name: { Length: > 0 } name } && Value(option) is { } value)
            {
                arguments[name] = value;
            }
        }

        return arguments;
    }

    private static string? Value(DiscordOption option) => option switch
    {
        { Type: ApplicationCommandOption.Text, Value.ValueKind: JsonValueKind.String } => DiscordJson.Text(option.Value),
        { Type: ApplicationCommandOption.Switch, Value.ValueKind: JsonValueKind.True } => option.Name,
        _ => null,
    };
}
