using System.Text.Json;
using Cluster.Chat;
using Cluster.Chat.Telegram;

namespace Cluster.Tests.Chat.Telegram;

/// <summary>What becomes of each kind of update (Telegram Bot API: Update, Message, CallbackQuery).</summary>
public sealed class TelegramUpdatesTests
{
    private const string Ada = """ "from":{"id":184,"is_bot":false,"first_name":"Ada","last_name":"L."} """;
    private const string Private = """ "message_id":5,"date":1,"chat":{"id":184,"type":"private","first_name":"Ada"} """;
    private const string InGroup = """ "message_id":5,"date":1,"chat":{"id":-1007,"type":"supergroup","title":"G","is_forum":true} """;

    private static readonly ChatAccount Bot = new("7000", "Cluster_Bot", null);

    [Fact]
    public void A_direct_message_is_its_senders()
    {
        var message = Message($"{Private},{Ada},\"text\":\"hello\"");

        Assert.Equal("9", message.Key);
        Assert.Equal("telegram:184", message.Sender.Identity.Value);
        Assert.Equal("Ada L.", message.Sender.Name);
        Assert.Equal(new ChatPlace { Chat = "184", Private = true }, message.Place);
        Assert.Equal(("5", "hello", true, false), (message.MessageId, message.Text, message.ForBot, message.Edited));
        Assert.Null(message.ReplyTo);
        Assert.Empty(message.Files);
    }

    [Fact]
    public void A_changed_message_says_so()
    {
        var update = Read("edited_message", $"{Private},{Ada},\"edit_date\":2,\"text\":\"hello\"");

        Assert.True(Assert.IsType<ChatUpdate.Message>(update).Edited);
    }

    [Theory]
    [InlineData("a forward", """ "text":"x","forward_origin":{"type":"user","sender_user":{"id":1,"is_bot":false,"first_name":"B"},"date":1} """)]
    [InlineData("an anonymous admin or a channel", """ "text":"x","sender_chat":{"id":-1007,"type":"supergroup"} """)]
    [InlineData("an inline bot's words", """ "text":"x","via_bot":{"id":2,"is_bot":true,"first_name":"I"} """)]
    [InlineData("somebody joined", """ "new_chat_members":[{"id":1,"is_bot":false,"first_name":"B"}] """)]
    [InlineData("a topic was opened", """ "message_thread_id":5,"is_topic_message":true,"forum_topic_created":{"name":"T","icon_color":1} """)]
    [InlineData("a message was pinned", """ "pinned_message":{"message_id":1,"date":0,"chat":{"id":-1007,"type":"supergroup"}} """)]
    public void What_no_person_said_here_is_dropped(string what, string fields)
    {
        Assert.True(Read("message", $"{InGroup},{Ada},{fields}") is null, what);
    }

    [Theory]
    [InlineData("message", """ "from":{"id":3,"is_bot":true,"first_name":"Other"} """)]
    [InlineData("message", """ "author_signature":"nobody" """)]
    [InlineData("channel_post", Ada)]
    [InlineData("edited_channel_post", Ada)]
    [InlineData("business_message", Ada)]
    public void Whoever_is_no_person_is_dropped(string kind, string from)
    {
        Assert.Null(Read(kind, $"{InGroup},{from},\"text\":\"@cluster_bot hello\""));
    }

    [Fact]
    public void A_live_location_that_moves_is_dropped()
    {
        const string Live = """ "location":{"latitude":52.5,"longitude":13.4,"live_period":900} """;

        Assert.Equal("location 52.5,13.4", Message($"{Private},{Ada},{Live}").Text);
        Assert.Null(Read("edited_message", $"{Private},{Ada},{Live}"));
    }

    [Theory]
    [InlineData(""" "message_thread_id":3,"is_topic_message":true """, "3")]
    [InlineData(""" "message_thread_id":3 """, null)]
    public void A_chain_of_replies_is_no_topic(string fields, string? thread)
    {
        var message = Message($"{InGroup},{Ada},{fields},\"text\":\"x\"");

        Assert.Equal(new ChatPlace { Chat = "-1007", Thread = thread, Private = false }, message.Place);
    }

    [Theory]
    [InlineData(7000, true, "before")]
    [InlineData(7001, false, "")]
    public void An_answer_to_the_bot_is_for_the_bot(long author, bool forBot, string quote)
    {
        var message = Message(
            $$"""{{InGroup}},{{Ada}},"text":"x","reply_to_message":{{{InGroup.Replace("5", "4", StringComparison.Ordinal)}},"from":{"id":{{author}},"is_bot":true,"first_name":"C"},"text":"before"}""");

        Assert.Equal((forBot, "4", quote, forBot, null), (message.ForBot, message.ReplyTo, message.Quote, message.QuotesBot, message.QuoteOf));
    }

    [Theory]
    [InlineData(""" "from":{"id":22,"is_bot":false,"first_name":"B"},"text":"theirs" """, "theirs", "telegram:22")]
    [InlineData(""" "from":{"id":184,"is_bot":false,"first_name":"Ada"},"caption":"own" """, "own", "telegram:184")]
    [InlineData(""" "from":{"id":22,"is_bot":true,"first_name":"B"},"text":"of a bot" """, "", null)]
    [InlineData(""" "from":{"id":22,"is_bot":false,"first_name":"B"},"text":"x","forward_origin":{"type":"hidden_user","date":1} """, "", null)]
    [InlineData(""" "from":{"id":22,"is_bot":false,"first_name":"B"},"text":"x","sender_chat":{"id":-1007,"type":"supergroup"} """, "", null)]
    [InlineData(""" "from":{"id":22,"is_bot":false,"first_name":"B"},"text":"x","via_bot":{"id":2,"is_bot":true,"first_name":"I"} """, "", null)]
    [InlineData(""" "text":"of a channel" """, "", null)]
    public void Quoted_words_are_those_of_a_person_or_are_left_out(string fields, string quote, string? author)
    {
        var answered = InGroup.Replace("5", "4", StringComparison.Ordinal);

        var message = Message($$"""{{InGroup}},{{Ada}},"text":"x","quote":{"text":"{{quote}}","position":0},"reply_to_message":{ {{answered}},{{fields}} }""");

        Assert.Equal((quote, author, false), (message.Quote, message.QuoteOf?.Value, message.QuotesBot));
    }

    [Fact]
    public void A_quote_from_another_chat_is_nobodys()
    {
        var message = Message($$"""{{InGroup}},{{Ada}},"text":"x","quote":{"text":"from afar","position":0},"external_reply":{}""");

        Assert.Equal(("", null, false), (message.Quote, message.QuoteOf, message.QuotesBot));
    }

    [Fact]
    public void A_message_in_a_topic_that_the_bot_opened_does_not_answer_the_bot()
    {
        var message = Message(
            $$$"""{{{InGroup}}},{{{Ada}}},"text":"x","message_thread_id":4,"is_topic_message":true,"reply_to_message":{{{{InGroup}}},"from":{"id":7000,"is_bot":true,"first_name":"C"},"forum_topic_created":{"name":"T"}}""");

        Assert.Equal((false, null, ""), (message.ForBot, message.ReplyTo, message.Quote));
    }

    [Fact]
    public void What_is_quoted_goes_before_the_whole_and_is_cut_between_characters()
    {
        var whole = $$""" "reply_to_message":{{{Private}},{{Ada}},"caption":"{{new string('x', 499)}}😀y"} """;

        Assert.Equal("part", Message($"{Private},{Ada},\"text\":\"a\",{whole},\"quote\":{{\"text\":\"part\",\"position\":0}}").Quote);
        Assert.Equal(new string('x', 499), Message($"{Private},{Ada},\"text\":\"a\",{whole}").Quote);
    }

    [Theory]
    [InlineData("""[{"file_id":"s","width":90,"height":60,"file_size":1},{"file_id":"l","width":900,"height":600,"file_size":7},{"file_id":"m","width":320,"height":200}]""", "photo", "l", "", 7)]
    [InlineData("""{"file_id":"d","file_name":"a.txt","file_size":3}""", "document", "d", "a.txt", 3)]
    [InlineData("""{"file_id":"v","duration":2,"file_size":4}""", "voice", "v", "", 4)]
    [InlineData("""{"file_id":"a","file_name":"a.mp3","file_size":5}""", "audio", "a", "a.mp3", 5)]
    [InlineData("""{"file_id":"i","width":1,"height":1,"file_name":"a.mp4","file_size":3000000000}""", "video", "i", "a.mp4", 3000000000)]
    [InlineData("""{"file_id":"n","length":1,"file_size":6}""", "video_note", "n", "", 6)]
    public void A_file_is_named_and_its_caption_is_the_text(string json, string kind, string id, string name, long size)
    {
        var message = Message($"{Private},{Ada},\"{kind}\":{json},\"caption\":\"look\"");

        Assert.Equal("look", message.Text);
        Assert.Equal([new ChatFile { Id = id, Kind = kind, Name = name, Size = size }], message.Files);
    }

    [Fact]
    public void An_animation_is_one_file_and_a_sticker_speaks_by_its_emoji()
    {
        var animation = Message($$"""{{Private}},{{Ada}},"animation":{"file_id":"a"},"document":{"file_id":"a"}""");
        var sticker = Message($$"""{{Private}},{{Ada}},"sticker":{"file_id":"s","emoji":"👍"}""");

        Assert.Equal("animation", Assert.Single(animation.Files).Kind);
        Assert.Equal("", animation.Text);
        Assert.Equal(("👍", "sticker"), (sticker.Text, Assert.Single(sticker.Files).Kind));
    }

    [Fact]
    public void A_venue_is_told_as_its_place_and_name()
    {
        var message = Message(
            $$"""{{Private}},{{Ada}},"venue":{"location":{"latitude":52.5,"longitude":-13.4},"title":"Café","address":"S"},"location":{"latitude":52.5,"longitude":-13.4}""");

        Assert.Equal("location 52.5,-13.4 Café", message.Text);
    }

    [Theory]
    [InlineData(""" "contact":{"phone_number":"+49123","first_name":"Grace","last_name":"H.","vcard":"BEGIN"} """, "contact Grace H. +49123")]
    [InlineData(""" "poll":{"id":"1","question":"Lunch?","options":[{"text":"Yes","voter_count":0},{"text":"No","voter_count":0}]} """, "poll: Lunch?\n- Yes\n- No")]
    [InlineData(""" "dice":{"emoji":"🎲","value":4} """, "🎲 4")]
    public void What_is_no_text_is_told_as_text(string fields, string text)
    {
        var message = Message($"{Private},{Ada},{fields}");

        Assert.Equal(text, message.Text);
        Assert.Empty(message.Files);
    }

    [Fact]
    public void A_press_is_the_pressers_and_names_the_message()
    {
        var update = Read("callback_query", $$""" "id":"77",{{Ada}},"message":{{{InGroup}},"message_thread_id":3,"is_topic_message":true},"data":"p:1" """);

        var press = Assert.IsType<ChatUpdate.Press>(update);
        Assert.Equal(("9", "77", "p:1", "5"), (press.Key, press.PressId, press.Data, press.MessageId));
        Assert.Equal("telegram:184", press.Sender.Identity.Value);
        Assert.Equal(new ChatPlace { Chat = "-1007", Thread = "3", Private = false }, press.Place);
    }

    [Theory]
    [InlineData(""" "from":{"id":184,"is_bot":false,"first_name":"A"},"inline_message_id":"i","data":"p" """)]
    [InlineData(""" "from":{"id":184,"is_bot":false,"first_name":"A"},"message":{"message_id":5,"date":0,"chat":{"id":184,"type":"private"}},"game_short_name":"g" """)]
    [InlineData(""" "from":{"id":3,"is_bot":true,"first_name":"A"},"message":{"message_id":5,"date":0,"chat":{"id":184,"type":"private"}},"data":"p" """)]
    public void A_press_elsewhere_or_of_a_bot_is_dropped(string fields) => Assert.Null(Read("callback_query", $"\"id\":\"77\",{fields}"));

    private static ChatUpdate.Message Message(string fields) => Assert.IsType<ChatUpdate.Message>(Read("message", fields));

    private static ChatUpdate? Read(string kind, string fields)
    {
        using var json = JsonDocument.Parse($$"""{"update_id":9,"{{kind}}":{ {{fields}} } }""");
        return TelegramUpdates.Read(json.RootElement, Bot);
    }
}
