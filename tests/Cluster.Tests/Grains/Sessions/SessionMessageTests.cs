using Cluster.Core.Access;
using Cluster.Core.Events;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using static Cluster.Tests.Grains.Sessions.SessionPlay;

namespace Cluster.Tests.Grains.Sessions;

public sealed class SessionMessageTests
{
    [Fact]
    public void The_owners_message_waits_while_nobody_is_attached()
    {
        var session = new SessionPlay();

        var said = session.Say(Alice);

        Assert.Equal(MessageResult.Accepted, said.State);
        Assert.Equal(said.EventId, Assert.Single(session.State.Mailbox.Waiting).Id);
    }

    [Fact]
    public void Nobody_but_the_owner_is_let_in_by_an_empty_list()
    {
        var session = new SessionPlay();

        Assert.Equal(MessageResult.Unknown, session.Say(Bob).State);
        Assert.Empty(session.State.Mailbox.Waiting);
    }

    [Fact]
    public void Who_may_only_watch_is_told_so_and_says_nothing()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Watch);

        Assert.Equal(MessageResult.NotAllowed, session.Say(Bob).State);
    }

    [Fact]
    public void A_session_that_nobody_has_made_is_unknown_even_to_its_owner()
    {
        Assert.Equal(MessageResult.Unknown, new SessionPlay(made: false).Say(Alice).State);
    }

    [Fact]
    public void A_known_key_names_the_event_that_it_became()
    {
        var session = new SessionPlay();
        var first = session.Say(Alice);

        var again = session.Say(Alice, known: new KnownKey("message", "x", first.EventId, session.Now));

        Assert.Equal(new MessageResult(MessageResult.Duplicate, first.EventId), again);
        Assert.Single(session.State.Mailbox.Waiting);
    }

    [Fact]
    public void A_full_mailbox_refuses_and_says_how_many_wait()
    {
        var session = new SessionPlay();
        session.Say(Alice, limit: 1);

        Assert.Equal(new MessageResult(MessageResult.Full, Limit: 1), session.Say(Alice, limit: 1));
    }

    [Fact]
    public void Words_that_their_senders_log_does_not_hold_are_taken_only_from_who_was_met_before()
    {
        var session = new SessionPlay();
        session.Allow(Bob, Role.Talk);

        var stranger = session.Say(Bob, direct: true);
        session.Say(Bob);
        var met = session.Say(Bob, direct: true);
        session.Do(session.State.Hear(SessionPlay.Id, new StandingRaised(Bob.Identity, 1)));
        var ended = session.Say(Bob, direct: true);

        Assert.Equal([MessageResult.NotMet, MessageResult.Accepted, MessageResult.Unknown], [stranger.State, met.State, ended.State]);
        Assert.Empty(session.State.Mailbox.Waiting);
    }

    [Fact]
    public void When_the_next_event_expires_is_known_whatever_came_and_went()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Say(Alice);
        session.Now += TimeSpan.FromMinutes(1);
        session.Say(Alice);
        session.Now += TimeSpan.FromMinutes(1);
        session.Say(Alice);
        var random = new Random(7);
        for (var turn = 0; turn < 200; turn++)
        {
            session.Now += TimeSpan.FromMinutes(1);
            Action act = random.Next(5) switch
            {
                0 or 1 => () => session.Say(Alice, limit: 1000),
                2 => () => session.Confirm(batch: session.State.Mailbox.Out ?? default),
                3 => () => session.Do(session.State.Close("client-1", session.State.Attachments.AttachedStream ?? "none", session.Now)),
                _ => () => session.Attach(stream: $"stream-{turn}"),
            };
            act();

            var waiting = session.State.Mailbox.Waiting;
            Assert.Equal(waiting.Count == 0 ? null : waiting.Min(item => item.ExpiresAt), session.State.NextDue);
        }
    }

    [Fact]
    public void To_an_idle_client_a_message_goes_out_with_its_own_record()
    {
        var session = new SessionPlay();
        session.Attach();

        var said = session.Say(Alice);

        Assert.Equal(new BatchId(1, 1), session.State.Mailbox.Out);
        Assert.Equal(said.EventId, Assert.Single(session.State.Mailbox.Sent).Id);
        Assert.DoesNotContain(session.Records, record => record is BatchSent);
    }

    [Fact]
    public void While_a_batch_is_out_the_next_message_waits_and_goes_with_the_confirmation()
    {
        var session = new SessionPlay();
        session.Attach();
        var first = session.Say(Alice);
        var second = session.Say(Alice);

        Assert.True(session.Confirm());

        Assert.Equal([first.EventId], session.State.Mailbox.Received.Select(item => item.Id));
        Assert.Equal([second.EventId], session.State.Mailbox.Sent.Select(item => item.Id));
        Assert.Equal(new BatchId(1, 2), session.State.Mailbox.Out);
    }

    [Fact]
    public void A_confirmation_of_another_batch_or_client_confirms_nothing()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Say(Alice);

        Assert.False(session.Confirm(batch: new BatchId(1, 2)));
        Assert.False(session.Confirm(client: "client-2"));
        Assert.Empty(session.State.Mailbox.Received);
    }

    [Fact]
    public void What_was_sent_and_not_confirmed_goes_again_in_order_to_the_next_client()
    {
        var session = new SessionPlay();
        session.Attach();
        var first = session.Say(Alice);
        session.Do(session.State.Close("client-1", "stream-1", session.Now));
        var second = session.Say(Alice);

        session.Attach(stream: "stream-2");
        session.Send();

        Assert.Equal([first.EventId, second.EventId], session.State.Mailbox.Sent.Select(item => item.Id));
        Assert.Equal([2, 1], session.State.Mailbox.Sent.Select(item => item.Attempts));
        Assert.Equal(new BatchId(2, 1), session.State.Mailbox.Out);
    }

    [Fact]
    public void A_batch_of_an_older_claim_is_recorded_again_before_it_is_pushed_again()
    {
        var session = new SessionPlay();
        session.Attach();
        session.Say(Alice);
        Assert.False(session.Send()); // this activation's own

        session.TakeOver();

        Assert.True(session.Send());
        Assert.Equal(new BatchId(1, 2), session.State.Mailbox.Out);
        Assert.Equal(2, session.State.Mailbox.Sent[0].Attempts);
    }

    [Fact]
    public void What_waits_too_long_expires_and_is_not_sent()
    {
        var session = new SessionPlay();
        session.Say(Alice);
        Assert.Equal(session.Now + DeliveryRules.KeepWaiting, session.State.NextDue);

        session.Now += DeliveryRules.KeepWaiting;
        session.Attach();
        Assert.False(session.Send());
        session.Do(session.State.Due(session.Now));

        Assert.Equal(0, session.State.Mailbox.Count);
        Assert.Null(session.State.NextDue);
    }

    [Fact]
    public void A_batch_holds_a_hundred_at_the_most_and_what_is_urgent_goes_first()
    {
        var session = new SessionPlay();
        for (var i = 0; i < 150; i++)
        {
            session.Say(Alice, limit: 1000);
        }

        var urgent = session.State.Mailbox.Waiting[120].Id;
        session.State.Mailbox.Waiting[120] = Copy(session.State.Mailbox.Waiting[120], priority: 0);

        var batch = session.State.Mailbox.NextBatch(session.Now);
        Assert.Equal(100, batch.Count);
        Assert.Equal(urgent, batch[0]);
        Assert.Equal(batch.Skip(1).Order(), batch.Skip(1));
    }

    private static MailboxItem Copy(MailboxItem item, int priority) => new()
    {
        Id = item.Id,
        Kind = item.Kind,
        Sender = item.Sender,
        Principal = item.Principal,
        ChatId = item.ChatId,
        ExpiresAt = item.ExpiresAt,
        Priority = priority,
        Bytes = item.Bytes,
    };
}
