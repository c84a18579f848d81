using Cluster.Chat.Telegram;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Chat.Telegram;

public sealed class TelegramLimitsTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TelegramLimits _limits;

    public TelegramLimitsTests() => _limits = new(_clock);

    [Fact]
    public void A_chat_gets_one_message_a_second()
    {
        var first = _limits.Take("1");
        _clock.Advance(TimeSpan.FromMilliseconds(400));
        var second = _limits.Take("1");
        var other = _limits.Take("2");
        _clock.Advance(second!.Value);
        var third = _limits.Take("1");

        Assert.Equal((null, TimeSpan.FromMilliseconds(600), null, null), (first, second, other, third));
    }

    [Fact]
    public void A_group_gets_twenty_a_minute_and_a_person_more()
    {
        Assert.Equal(20, Enumerable.Range(0, 40).Count(_ => Sent("-1")));
        Assert.Equal(TimeSpan.FromSeconds(20), _limits.Take("-1"));
        Assert.Equal(40, Enumerable.Range(0, 40).Count(_ => Sent("1")));

        bool Sent(string chat)
        {
            var sent = _limits.Take(chat) is null;
            _clock.Advance(TimeSpan.FromSeconds(1));
            return sent;
        }
    }

    [Fact]
    public void All_chats_together_get_thirty_a_second()
    {
        var sent = Enumerable.Range(1, 40).Count(chat => _limits.Take($"{chat}") is null);
        var wait = _limits.Take("100");
        _clock.Advance(wait!.Value);

        Assert.Equal((30, TimeSpan.FromSeconds(1)), (sent, wait));
        Assert.Null(_limits.Take("100"));
    }

    [Fact]
    public void An_album_counts_as_its_messages()
    {
        var first = _limits.Take("-1", 10);
        var soon = _limits.Take("-1");
        _clock.Advance(TimeSpan.FromSeconds(10));
        var second = _limits.Take("-1", 9);
        _clock.Advance(TimeSpan.FromSeconds(9));
        var third = _limits.Take("-1", 2);
        var one = _limits.Take("-1");
        var elsewhere = new[] { _limits.Take("1", 10), _limits.Take("2", 10), _limits.Take("3", 10), _limits.Take("4", 10) };

        Assert.Equal((null, TimeSpan.FromSeconds(10), null), (first, soon, second));
        Assert.Equal((TimeSpan.FromSeconds(41), null), (third, one));
        Assert.Equal([null, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)], elsewhere);
    }

    [Fact]
    public void A_chat_that_Telegram_holds_back_waits_alone()
    {
        _limits.Hold("1", TimeSpan.FromSeconds(7));

        Assert.Equal(TimeSpan.FromSeconds(7), _limits.Take("1"));
        Assert.Equal(TimeSpan.FromSeconds(7), _limits.Held("1"));
        Assert.Null(_limits.Held(null));
        Assert.Null(_limits.Take("2"));
        _clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Null(_limits.Take("1"));
    }

    [Fact]
    public void A_second_chat_held_back_at_once_means_the_bot()
    {
        _limits.Hold("1", TimeSpan.FromSeconds(7));
        _limits.Hold("2", TimeSpan.FromSeconds(5));

        Assert.Equal(TimeSpan.FromSeconds(5), _limits.Take("3"));
        Assert.Equal(TimeSpan.FromSeconds(5), _limits.Held(null));
        Assert.Equal(TimeSpan.FromSeconds(7), _limits.Take("1"));
    }

    [Fact]
    public void A_call_without_a_chat_held_back_means_the_bot()
    {
        _limits.Hold(null, TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3), _limits.Take("1"));
    }
}
