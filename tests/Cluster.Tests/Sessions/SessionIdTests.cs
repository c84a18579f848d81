using System.Text.RegularExpressions;
using Cluster.Core.Sessions;
using Cluster.Tests.Events;

namespace Cluster.Tests.Sessions;

public sealed class SessionIdTests
{
    [Theory]
    [InlineData("api", "alice/api")]
    [InlineData("me/api", "alice/api")]
    [InlineData("bob/api", "bob/api")]
    [InlineData("bob/a.b_c-1", "bob/a.b_c-1")]
    [InlineData("me", "alice/me")]
    public void A_name_alone_is_the_callers_own(string text, string expected)
    {
        Assert.True(SessionId.TryParse(text, "alice", out var id));

        Assert.Equal(expected, id.ToString());
        Assert.Equal(id, SessionId.Parse(expected));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("bob/")]
    [InlineData("bob/api/x")]
    [InlineData("bob//api")]
    [InlineData("Bob/api")]
    [InlineData("bob/API")]
    [InlineData("bob/-api")]
    [InlineData("bob/.api")]
    [InlineData("../api")]
    [InlineData("bob/api ")]
    [InlineData("bob/api\n")]
    [InlineData("bob/\u0430pi")]
    [InlineData("bob/*")]
    [InlineData("bob/a%2Fb")]
    public void Anything_else_is_no_session(string? text)
    {
        Assert.False(SessionId.TryParse(text, "alice", out var id));
        Assert.Equal(default, id);
    }

    [Fact]
    public void A_name_has_63_characters_at_most()
    {
        Assert.True(Slug.IsValid(new string('a', 63)));
        Assert.False(Slug.IsValid(new string('a', 64)));
    }

    [Theory]
    [InlineData("My Project", "my-project")]
    [InlineData("api", "api")]
    [InlineData("--api--", "api")]
    [InlineData("API v2.0_final", "api-v2.0_final")]
    [InlineData("日本語", "session")]
    [InlineData("", "session")]
    [InlineData("...", "session")]
    public void Any_text_becomes_a_name(string text, string expected) => Assert.Equal(expected, Slug.From(text));

    [Fact]
    public void Whatever_a_folder_is_called_its_name_is_valid_and_stays_itself()
    {
        for (var number = 0; number < 10_000; number++)
        {
            var slug = Slug.From(HostileStrings.Number(number));

            Assert.Matches(new Regex(@"\A[a-z0-9][a-z0-9._-]{0,62}\z"), slug);
            Assert.True(Slug.IsValid(slug));
            Assert.Equal(slug, Slug.From(slug));
        }
    }
}
