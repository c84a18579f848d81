using Cluster.Core.Grains.Sessions;
using static Cluster.Tests.Grains.Sessions.SessionPlay;

namespace Cluster.Tests.Grains.Sessions;

public sealed class SessionClientTests
{
    [Fact]
    public void An_MCP_session_is_known_to_the_token_that_made_it_alone()
    {
        var session = new SessionPlay();
        session.Attach();

        Assert.NotNull(session.State.Attachments.Find("client-1", "token"));
        Assert.Null(session.State.Attachments.Find("client-1", "another token"));
        Assert.Equal(AttachState.Ended, session.Do(session.State.Attach("client-1", "another token", "s", true, session.Now)).State);
    }

    [Fact]
    public void Asking_again_writes_nothing_while_nothing_has_changed()
    {
        var session = new SessionPlay();
        session.Attach();
        var before = session.Position;

        var again = session.Do(session.State.Attach("client-1", "token", "stream-1", false, session.Now));

        Assert.Equal(new AttachResult(AttachState.Attached, 1), again);
        Assert.Equal(before, session.Position);
    }

    [Fact]
    public void A_newer_client_supersedes_and_the_older_one_stays_open_without_events()
    {
        var session = new SessionPlay();
        session.Attach();

        Assert.Equal(AttachState.Attached, session.Attach("client-2", "stream-2").State);
        Assert.Equal(AttachState.Superseded, session.Do(session.State.Attach("client-1", "token", "stream-1", false, session.Now)).State);
    }

    [Fact]
    public void A_stream_that_reconnects_never_supersedes_a_newer_client()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Attach("client-2", "stream-2");

        Assert.Equal(AttachState.Superseded, session.Do(session.State.Attach("client-1", "token", "stream-3", true, session.Now)).State);
        Assert.Equal("client-2", session.State.Attachments.Attached);
    }

    [Fact]
    public void The_older_client_is_promoted_when_the_newer_one_has_stayed_away()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Attach("client-2", "stream-2");
        session.Do(session.State.Close("client-2", "stream-2", session.Now));

        Assert.Equal(AttachState.Superseded, session.Do(session.State.Attach("client-1", "token", "stream-1", false, session.Now)).State);
        session.Now += TimeSpan.FromMinutes(1);

        Assert.Equal(AttachState.Attached, session.Do(session.State.Attach("client-1", "token", "stream-1", false, session.Now)).State);
    }

    [Fact]
    public void A_client_that_never_said_that_it_is_initialized_is_forgotten_when_the_next_comes()
    {
        var session = new SessionPlay();
        session.Do(session.State.Initialize(Id, "silent", "token", "silent", session.Now));
        session.Now += TimeSpan.FromMinutes(2);

        session.Do(session.State.Initialize(Id, "client-1", "token", "client", session.Now));

        Assert.Null(session.State.Attachments.Find("silent", "token"));
    }

    [Fact]
    public void A_reply_answers_what_was_received_of_its_conversation()
    {
        var session = Received();

        var result = session.Do(session.State.Reply(("c 1", "h"), Alice.Identity, "hi", null, session.Now));

        Assert.False(result.Refused);
        Assert.Empty(session.State.Mailbox.Received);
    }

    [Fact]
    public void A_call_that_comes_again_is_done_once_and_told_the_same()
    {
        var session = Received();
        var first = session.Do(session.State.Reply(("c 1", "h"), Alice.Identity, "hi", null, session.Now));
        var before = session.Position;

        var again = session.Do(session.State.Reply(("c 1", "h"), Alice.Identity, "hi", null, session.Now));
        var other = session.Do(session.State.Reply(("c 1", "another"), Alice.Identity, "ho", null, session.Now));

        Assert.Equal(first, again);
        Assert.True(other.Refused);
        Assert.Equal(before, session.Position);
    }

    [Fact]
    public void A_reply_reaches_only_conversations_that_the_session_was_told_of()
    {
        var session = Received();

        Assert.True(session.Do(session.State.Reply(("c 1", "h"), "console:bob", "hi", null, session.Now)).Refused);
    }

    [Fact]
    public void A_reply_to_an_event_that_never_was_is_refused()
    {
        var session = Received();

        Assert.True(session.Do(session.State.Reply(("c 1", "h"), Alice.Identity, "hi", 9_999, session.Now)).Refused);
    }

    private static SessionPlay Received()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Say(Alice);
        session.Confirm();
        return session;
    }
}
