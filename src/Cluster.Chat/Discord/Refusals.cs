namespace Cluster.Chat.Discord;

/// <summary>What an operator has to do, said alike by whatever finds it out.</summary>
internal static class Refusals
{
    public const string UnknownToken =
        "Discord does not know the bot's token: it was reset or never right. Make a new one on the Bot page of the developer portal.";

    public const string NoMessageContent =
        "The bot may not read messages: turn on \"Message Content Intent\" under \"Privileged Gateway Intents\""
        + " on the Bot page of the developer portal.";
}
