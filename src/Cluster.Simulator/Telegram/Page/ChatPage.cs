using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Cluster.Simulator.Telegram.Page;

/// <summary>A page on which one person plays several who talk with the bot. Whoever may write there may be paired, so only who was told
/// the key does: other programs of this machine, and pages of other sites, do not know it.</summary>
internal sealed class ChatPage(TelegramSimulator telegram, World world, string key)
{
    private const long Group = -1001;
    private const int MostText = 4096;
    private const int MostShown = 200;

    // The page asks for nothing but its own files.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly TimeSpan PressPatience = TimeSpan.FromSeconds(5);

    /// <summary>Beyond all ids of accounts (Telegram Bot API: User, id: "at most 52 significant bits"): who is paired here is nobody in the real one.</summary>
    private const long Nobody = 1L << 52;

    private static readonly (long Id, string Name)[] People = [(Nobody + 101, "Ada"), (Nobody + 102, "Ben"), (Nobody + 103, "Cleo")];

    private static readonly Dictionary<string, (string File, string Type)> Files = new()
    {
        ["/"] = ("page.html", "text/html; charset=utf-8"),
        ["/page.css"] = ("page.css", "text/css; charset=utf-8"),
        ["/page.js"] = ("page.js", "text/javascript; charset=utf-8"),
    };

    public static void Introduce(TelegramSimulator telegram)
    {
        foreach (var (id, name) in People)
        {
            telegram.Introduce(id, name);
        }
    }

    /// <returns>False for what is none of the page's addresses.</returns>
    public async Task<bool> TryServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var isFile = Files.TryGetValue(path, out var file);
        if (!isFile && path is not ("/chat" or "/send" or "/press"))
        {
            return false;
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        if (!IsOurs(context.Request) || context.Request.Method != (path is "/send" or "/press" ? "POST" : "GET"))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return true;
        }

        if (isFile)
        {
            context.Response.ContentType = file.Type;
            await using var content = typeof(ChatPage).Assembly.GetManifestResourceStream(file.File)!;
            await content.CopyToAsync(context.Response.Body, context.RequestAborted);
            return true;
        }

        if (context.Request.Headers["X-Simulator-Key"] is not [{ } given]
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key)))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return true;
        }

        try
        {
            var answer = path == "/chat" ? State(context.Request.Query) : await ActAsync(context, path);
            context.Response.ContentType = MediaTypeNames.Application.Json;
            await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("This is nothing that can be done here.", context.RequestAborted);
        }

        return true;
    }

    // A page elsewhere that has its name lead to this machine still sends its own name.
    private static bool IsOurs(HttpRequest request) =>
        request.Host.Host is "127.0.0.1" or "localhost" or "[::1]"
        && (request.Headers.Origin.Count == 0 || request.Headers.Origin is [{ } origin] && origin == $"http://{request.Host.Value}");

    private JsonObject State(IQueryCollection query)
    {
        var who = People.Any(person => person.Id.ToString() == query["who"]) ? long.Parse(query["who"]!) : People[0].Id;
        var chat = query["group"] == "true" ? Group : who;
        JsonArray messages;
        lock (world.Lock)
        {
            messages = [.. world.Messages(chat).TakeLast(MostShown).Select(Describe)];
        }

        return new JsonObject
        {
            ["who"] = who,
            ["chat"] = chat,
            ["bot"] = TelegramSimulator.BotName,
            ["people"] = new JsonArray([.. People.Select(person => new JsonObject { ["id"] = person.Id, ["name"] = person.Name })]),
            ["messages"] = messages,
        };
    }

    private JsonObject Describe(JsonObject message)
    {
        var (chat, id) = (message["chat"]!["id"]!.GetValue<long>(), message["message_id"]!.GetValue<long>());
        var ofBot = world.Shown(chat, id);
        return new JsonObject
        {
            ["id"] = id,
            ["who"] = message["from"]?["id"]?.GetValue<long>(),
            ["name"] = message["from"]?["first_name"]?.GetValue<string>(),
            ["bot"] = ofBot is not null,
            ["text"] = ofBot?.Text ?? message["text"]?.GetValue<string>() ?? message["caption"]?.GetValue<string>() ?? "(a file)",
            ["edited"] = ofBot?.Edited ?? message.ContainsKey("edit_date"),
            ["replyTo"] = message["reply_to_message"]?["message_id"]?.GetValue<long>(),
            ["buttons"] = new JsonArray([.. (ofBot?.Buttons ?? []).Select(button => JsonValue.Create(button.Label))]),
            ["reaction"] = world.ReactionUnder(chat, id),
        };
    }

    private async Task<JsonObject> ActAsync(HttpContext context, string path)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new FormatException();
        }

        using var document = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
        var request = document.RootElement;
        var (who, chat) = (request.GetProperty("who").GetInt64(), request.GetProperty("chat").GetInt64());
        if (!People.Any(person => person.Id == who) || (chat != who && chat != Group))
        {
            throw new FormatException();
        }

        if (path == "/send")
        {
            var text = request.GetProperty("text").GetString() is { Length: > 0 and <= MostText } written ? written : throw new FormatException();
            var replyTo = request.GetProperty("replyTo").GetInt64();
            telegram.SendText(who, chat, text, replyTo == 0 || !Exists(chat, replyTo) ? null : replyTo);
            return new JsonObject();
        }

        var press = telegram.Press(who, chat, request.GetProperty("message").GetInt64(), request.GetProperty("button").GetInt32());
        using var late = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        late.CancelAfter(PressPatience);
        try
        {
            return new JsonObject { ["text"] = (await telegram.NextPressAnswerAsync(press, late.Token)).Text };
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return new JsonObject { ["text"] = "" }; // strangers are told nothing
        }
    }

    private bool Exists(long chat, long message)
    {
        lock (world.Lock)
        {
            return world.Find(chat, message) is not null;
        }
    }
}
