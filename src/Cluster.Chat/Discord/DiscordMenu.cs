using System.Text.Json;

namespace Cluster.Chat.Discord;

/// <summary>The bot's slash commands as Discord keeps them.</summary>
internal sealed class DiscordMenu(DiscordApi api)
{
    /// <summary>Puts them there only when they differ: what is new counts against a limit of creations per day (Discord: Application Commands,
    /// registering a command).</summary>
    public async Task<DiscordAnswer> OfferAsync(IReadOnlyList<MenuCommand> commands, CancellationToken ct)
    {
        var application = (await api.ApplicationAsync(ct)).Id;
        if (!Snowflake.IsValid(application))
        {
            throw new HttpRequestException("Discord does not tell which application the bot is of.");
        }

        var wanted = Wire([.. commands.Select(ApplicationCommand.Of)]);
        var there = await api.CallAsync(DiscordRoute.Commands(HttpMethod.Get, application!), null, ct);
        return there is DiscordAnswer.Done(var body)
            && (DiscordJson.Read(body, DiscordJson.Default.ApplicationCommandArray) is not { } found || !Wire(found).AsSpan().SequenceEqual(wanted))
                ? await api.CallAsync(DiscordRoute.Commands(HttpMethod.Put, application!), wanted, ct)
                : there;
    }

    /// <summary>One form for what means the same.</summary>
    private static byte[] Wire(IEnumerable<ApplicationCommand?> commands) => JsonSerializer.SerializeToUtf8Bytes(
        [.. commands.OfType<ApplicationCommand>().Select(command => command.InOneForm()).OrderBy(command => command.Name, StringComparer.Ordinal)],
        DiscordJson.Default.ApplicationCommandArray);
}

/// <summary>Discord: Application Commands, application command structure.</summary>
internal sealed record ApplicationCommand
{
    private const int ChatInput = 1;

    // Discord: Interactions, interaction context types; Application, application integration types.
    private const int InGuilds = 0;
    private const int InDirectChats = 1;
    private const int ToGuilds = 0;

    public int Type { get; init; } = ChatInput;

    public string? Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<ApplicationCommandOption?>? Options { get; init; }

    public IReadOnlyList<int>? Contexts { get; init; }

    public IReadOnlyList<int>? IntegrationTypes { get; init; }

    public static ApplicationCommand Of(MenuCommand command) => new()
    {
        Name = command.Name,
        Description = command.Description,
        Options = [.. command.Arguments.Select(ApplicationCommandOption.Of)],
        Contexts = [InGuilds, InDirectChats],
        IntegrationTypes = [ToGuilds],
    };

    public ApplicationCommand InOneForm() => this with
    {
        Options = Options is { Count: > 0 } ? [.. Options.Select(option => option?.InOneForm())] : null,
        Contexts = Contexts is null ? null : [.. Contexts.Order()],
        IntegrationTypes = IntegrationTypes is null ? null : [.. IntegrationTypes.Order()],
    };
}

/// <summary>Discord: Application Commands, application command option structure.</summary>
internal sealed record ApplicationCommandOption
{
    // Discord: Application Commands, application command option type.
    public const int Text = 3;
    public const int Switch = 5;

    public int? Type { get; init; }

    public string? Name { get; init; }

    public string? Description { get; init; }

    public bool? Required { get; init; }

    public bool? Autocomplete { get; init; }

    public static ApplicationCommandOption Of(MenuArgument argument) => new()
    {
        Type = argument.Switch ? Switch : Text,
        Name = argument.Name,
        Description = argument.Description,
        Required = argument.Required,
        Autocomplete = argument.Completes,
    };

    /// <summary>What is off may be told or left out.</summary>
    public ApplicationCommandOption InOneForm() => this with
    {
        Required = Required == true ? true : null,
        Autocomplete = Autocomplete == true ? true : null,
    };
}

/// <summary>Discord: Interactions, autocomplete result.</summary>
internal sealed record AutocompleteResponse(AutocompleteChoices Data)
{
    public int Type { get; } = 8;
}

internal sealed record AutocompleteChoices(IReadOnlyList<MenuChoice> Choices);

/// <summary>Discord: Channel, start thread without message. It takes the type for a private thread where none is told.</summary>
internal sealed record StartThread(string Name)
{
    public const int LongestName = 100;

    /// <summary>A public thread (Discord: Channel, channel types).</summary>
    public int Type { get; } = 11;

    /// <summary>Minutes of silence after which it leaves the list: a week, the longest that there is. Whoever writes brings it back.</summary>
    public int AutoArchiveDuration { get; } = 10_080;
}

/// <summary>Discord: Channel, channel structure.</summary>
internal sealed record DiscordThread
{
    public string? Id { get; init; }
}
