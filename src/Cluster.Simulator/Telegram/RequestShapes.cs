using System.Text.Json;

namespace Cluster.Simulator.Telegram;

/// <summary>Which fields a method takes, and of what type. The real Bot API passes over what it does not know; here it is refused, since nobody
/// sends such a field on purpose.</summary>
internal static class RequestShapes
{
    private static readonly Shape Reply = new(
        new("message_id", Kind.Integer, Required: true), new("allow_sending_without_reply", Kind.Boolean), new("quote", Kind.String));

    private static readonly Shape Preview = new(new Field("is_disabled", Kind.Boolean));

    private static readonly Shape Button = new(
        new("text", Kind.String, Required: true), new("callback_data", Kind.String, Required: true));

    private static readonly Shape Markup = new(new Field("inline_keyboard", Kind.Rows, Required: true, Button));

    private static readonly Shape Reaction = new(
        new("type", Kind.String, Required: true), new("emoji", Kind.String, Required: true));

    private static readonly Field Chat = new("chat_id", Kind.Integer, Required: true);
    private static readonly Field Message = new("message_id", Kind.Integer, Required: true);
    private static readonly Field Thread = new("message_thread_id", Kind.Integer);

    private static readonly Field[] Text =
    [
        new("text", Kind.String, Required: true),
        new("parse_mode", Kind.String),
        new("link_preview_options", Kind.Object, Shape: Preview),
        new("reply_markup", Kind.Object, Shape: Markup),
    ];

    private static readonly Shape Media = new(new("type", Kind.String, Required: true), new("media", Kind.String, Required: true));

    private static readonly Field[] File =
    [
        Chat, Thread, new("disable_notification", Kind.Boolean), new("reply_parameters", Kind.Object, Shape: Reply),
    ];

    private static readonly Dictionary<string, Shape> Methods = new()
    {
        ["getMe"] = new(),
        ["getUpdates"] = new(
            new("offset", Kind.Integer), new("limit", Kind.Integer), new("timeout", Kind.Integer), new("allowed_updates", Kind.Strings)),
        ["setWebhook"] = new(
            new("url", Kind.String, Required: true),
            new("max_connections", Kind.Integer),
            new("allowed_updates", Kind.Strings),
            new("secret_token", Kind.String),
            new("drop_pending_updates", Kind.Boolean)),
        ["deleteWebhook"] = new(new Field("drop_pending_updates", Kind.Boolean)),
        ["getWebhookInfo"] = new(),
        ["sendMessage"] = new(
            [Chat, Thread, .. Text, new("disable_notification", Kind.Boolean), new("reply_parameters", Kind.Object, Shape: Reply)]),
        ["editMessageText"] = new([Chat, Message, .. Text]),
        ["answerCallbackQuery"] = new(
            new("callback_query_id", Kind.String, Required: true), new("text", Kind.String), new("show_alert", Kind.Boolean)),
        ["setMessageReaction"] = new(Chat, Message, new("reaction", Kind.Objects, Shape: Reaction)),
        ["getFile"] = new(new Field("file_id", Kind.String, Required: true)),
        ["sendPhoto"] = new(File),
        ["sendDocument"] = new([.. File, new("disable_content_type_detection", Kind.Boolean)]),
        ["sendMediaGroup"] = new([.. File, new("media", Kind.Objects, Required: true, Media)]),
        ["sendChatAction"] = new(Chat, Thread, new("action", Kind.String, Required: true)),
    };

    private enum Kind
    {
        Integer,
        Boolean,
        String,
        Strings,
        Object,
        Objects,
        Rows,
    }

    /// <exception cref="RefusedException">The request does not have the method's shape, or there is no such method.</exception>
    public static void Check(string method, JsonElement request)
    {
        if (!Methods.TryGetValue(method, out var shape))
        {
            throw new RefusedException(404, "Not Found");
        }

        Check(shape, request);
    }

    private static void Check(Shape shape, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw RefusedException.Bad("can't parse the request as a JSON object");
        }

        foreach (var property in value.EnumerateObject())
        {
            var field = shape.Fields.FirstOrDefault(field => field.Name == property.Name)
                ?? throw RefusedException.Bad($"field \"{property.Name}\" is unknown");
            if (!Fits(field, property.Value))
            {
                throw RefusedException.Bad($"field \"{property.Name}\" must be of type {field.Kind}");
            }
        }

        if (shape.Fields.FirstOrDefault(field => field.Required && !value.TryGetProperty(field.Name, out _)) is { } missing)
        {
            throw RefusedException.Bad(missing.Name == "text" ? "message text is empty" : $"field \"{missing.Name}\" is missing");
        }
    }

    private static bool Fits(Field field, JsonElement value)
    {
        switch (field.Kind)
        {
            case Kind.Integer:
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _);
            case Kind.Boolean:
                return value.ValueKind is JsonValueKind.True or JsonValueKind.False;
            case Kind.String:
                return value.ValueKind == JsonValueKind.String;
            case Kind.Strings:
                return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String);
            case Kind.Object:
                Check(field.Shape!, value);
                return true;
            case Kind.Objects:
                return CheckAll(field.Shape!, value);
            default:
                return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(row => CheckAll(field.Shape!, row));
        }
    }

    private static bool CheckAll(Shape shape, JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var item in list.EnumerateArray())
        {
            Check(shape, item);
        }

        return true;
    }

    private sealed record Field(string Name, Kind Kind, bool Required = false, Shape? Shape = null);

    private sealed class Shape(params Field[] fields)
    {
        public Field[] Fields { get; } = fields;
    }
}
