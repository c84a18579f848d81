using Cluster.Core.Chats;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Chats;

/// <summary>Small words that people write to a bot, and what they are told of what waits.</summary>
public sealed class ChatWordsTests
{
    [Theory]
    [InlineData("30m", 30)]
    [InlineData(" 2H ", 120)]
    [InlineData("2 h", 120)]
    [InlineData("7d", 7 * 24 * 60)]
    [InlineData("off", 0)]
    public void A_time_of_quiet_is_read(string text, int minutes)
    {
        Assert.True(MuteTime.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromMinutes(minutes), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0m")]
    [InlineData("8d")]
    [InlineData("-1h")]
    [InlineData("1.5h")]
    [InlineData("99999d")]
    [InlineData("999999999999m")]
    [InlineData("١h")]
    [InlineData("2h\n3h")]
    [InlineData("for ever")]
    public void What_is_no_time_of_quiet_is_none(string text) => Assert.False(MuteTime.TryParse(text, out _));

    [Theory]
    [InlineData("yes", true)]
    [InlineData(" ALLOW\n", true)]
    [InlineData("No", false)]
    [InlineData("deny", false)]
    [InlineData("yes please", null)]
    [InlineData("y", null)]
    [InlineData("ye\u200bs", null)]
    [InlineData("", null)]
    public void Only_the_word_alone_answers_a_request(string text, bool? allow) => Assert.Equal(allow, ChatLine.ReadAnswer(text));

    [Theory]
    [InlineData(0, 0, 2, 0, 0, 0, "`alice/api` is running again and has your messages.")]
    [InlineData(0, 0, 0, 1, 0, 0, "Nothing of yours waits for `alice/api` any more. One was taken back.")]
    [InlineData(0, 0, 0, 0, 2, 0, "Nothing of yours waits for `alice/api` any more. 2 were dropped after too long a wait.")]
    [InlineData(0, 0, 1, 1, 0, 1, "`alice/api` is running again and has your message. One was taken back. One was dropped: its sender may not talk to this session any more.")]
    public void The_ends_of_what_waited_are_told_apart(int waiting, int place, int taken, int cancelled, int expired, int dead, string text) =>
        Assert.Equal(text, new WaitingTally(waiting, place, taken, cancelled, expired, dead).Describe(new SessionId("alice", "api")));
}
