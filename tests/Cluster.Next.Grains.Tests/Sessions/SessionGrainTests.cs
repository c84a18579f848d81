using System.Text;
using Cluster.Core.Access;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Grains.Users;
using Cluster.Core.Logs;
using Cluster.Core.Sessions;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Grains.Tests.Logs;
using Cluster.Next.Grains.Users;

namespace Cluster.Next.Grains.Tests.Sessions;

/// <summary>Users and sessions on two silos: what one says reaches the stream of the other, and a revocation reaches both.</summary>
public sealed class SessionGrainTests : IClassFixture<TwoSilos>, IAsyncLifetime
{
    private readonly TwoSilos _silos;
    private readonly SessionId _id;
    private readonly string _owner;
    private readonly FakeStreams _streams = new();
    private readonly IStreamNode _node;

    public SessionGrainTests(TwoSilos silos)
    {
        _silos = silos;
        _owner = $"o{Guid.NewGuid():N}"[..20];
        _id = new SessionId(_owner, "api");
        _node = silos.Cluster.Client.CreateObjectReference<IStreamNode>(_streams);
    }

    private LogId Log => SessionState.Log(_id);

    private Caller Owner => new() { Identity = $"console:{_owner}", Principal = _owner };

    public async ValueTask InitializeAsync()
    {
        await User(_owner).Standing.LinkAsync(_owner, default);
        await Session<ISessionViews>().MakeAsync(Owner, default);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_a_user_says_is_pushed_confirmed_and_answered()
    {
        await AttachAsync();

        var said = await SayAsync(_owner, "hello");
        var push = await _streams.NextAsync();
        Assert.True(await Session<ISessionAttachments>().ConfirmAsync("client", push.Epoch, push.Batch, default));
        var answer = await Session<ISessionTools>().ReplyAsync(
            new ReplyCall { Hash = "client", RequestId = "1", ArgumentsHash = "h", ChatId = Owner.Identity, Text = "hi" }, default);

        Assert.Equal(MessageResult.Accepted, said.State);
        var pushed = Assert.Single(push.Events);
        Assert.Equal((said.EventId, "hello", false), (pushed.Id, pushed.Body, pushed.Redelivery));
        Assert.False(answer.Refused);
        Assert.Equal(0, (await Session<ISessionViews>().ViewAsync(Owner, default))!.Waiting);
    }

    [Fact]
    public async Task Two_records_carry_the_words_of_who_was_met_before_to_their_receipt()
    {
        await AttachAsync();
        await TalkAsync("first");
        var user = UserState.Log(Owner.Identity);
        var (here, there) = (await CountAsync(), _silos.Writer.Seen(user).Count);

        await TalkAsync("second");

        Assert.Equal(2, await CountAsync() - here); // event-accepted, batch-confirmed
        Assert.DoesNotContain(_silos.Writer.Seen(user).Skip(there).SelectMany(append => append.Records), record => record.Kind == "sent");
    }

    [Fact]
    public async Task Words_whose_direct_way_breaks_are_kept_and_those_behind_them_do_not_overtake()
    {
        await SayAsync(_owner, "met");
        var until = new TaskCompletionSource();
        var came = new TaskCompletionSource();
        _silos.Writer.Next(Log, "event-accepted", async _ =>
        {
            came.SetResult();
            await until.Task;
            return new LogOutcome.Unknown("cut off");
        });

        var first = SayAsync(_owner, "first");
        await came.Task;
        var second = SayAsync(_owner, "second");
        until.SetResult();
        var said = await Task.WhenAll(first, second);

        Assert.All(said, one => Assert.Equal(MessageResult.Accepted, one.State));
        Assert.Equal(["met", "first", "second"], (await AcceptedAsync()).Select(accepted => accepted.Body));
    }

    [Fact(Timeout = 60_000)]
    public async Task Words_do_not_overtake_others_that_are_kept_for_the_session()
    {
        await SayAsync(_owner, "met");
        var broken = true;
        Task<LogOutcome?> FailAsync(LogAppend append)
        {
            if (!broken)
            {
                return Task.FromResult<LogOutcome?>(null);
            }

            _silos.Writer.Next(Log, "event-accepted", FailAsync);
            return Task.FromResult(append.Records.Any(record => Encoding.UTF8.GetString(record.Body.Span).Contains("first", StringComparison.Ordinal))
                ? new LogOutcome.Unknown("cut off")
                : (LogOutcome?)null);
        }

        _silos.Writer.Next(Log, "event-accepted", FailAsync);
        var first = SayAsync(_owner, "first");
        await KeptAsync(Owner.Identity, 2); // behind that of "met"
        var second = SayAsync(_owner, "second");
        await Task.WhenAny(KeptAsync(Owner.Identity, 3), second);
        broken = false;
        await Task.WhenAll(first, second);

        Assert.Equal(["met", "first", "second"], (await AcceptedAsync()).Select(accepted => accepted.Body));
    }

    [Fact(Timeout = 60_000)]
    public async Task First_words_that_are_on_their_way_when_their_sender_is_revoked_are_found_by_the_revocation()
    {
        var bob = await LetInAsync();
        var until = new TaskCompletionSource();
        var came = _silos.Writer.Hold(Log, "event-accepted", until);

        var said = SayAsync(bob, "first");
        await came;
        var raising = User(bob).Standing.RaiseAsync("test", default);
        await Task.WhenAny(raising, KeptAsync($"console:{bob}", 2)); // the words, and the standing behind them
        until.SetResult();
        await raising;

        var records = (await _silos.Store.ReadAsync(Log, 0, 100, default)).Select(SessionRecords.Kinds.Decode).ToList();
        Assert.Single(Assert.Single(records.OfType<StandingHeard>()).Died);
        await said;
    }

    [Fact]
    public async Task Nothing_is_pushed_before_it_is_durable()
    {
        await AttachAsync();
        var until = new TaskCompletionSource();
        var came = _silos.Writer.Hold(Log, "event-accepted", until);

        var said = SayAsync(_owner, "hello");
        await came;
        Assert.Equal(0, _streams.Waiting);
        until.SetResult();
        await said;

        Assert.Single((await _streams.NextAsync()).Events);
    }

    [Fact]
    public async Task A_session_that_another_activation_has_taken_pushes_what_was_out_again_and_says_so()
    {
        await AttachAsync();
        await SayAsync(_owner, "hello");
        var first = await _streams.NextAsync();
        var head = (await _silos.Store.ReadBackAsync(Log, long.MaxValue, 1, default))[0].Position;
        await _silos.Store.AppendAsync(
            [new LogAppend { Log = Log, Expected = head, Claim = head + 1, Records = [SessionRecords.Kinds.Encode(new Claimed("elsewhere"))] }], default);

        var second = await SayAsync(_owner, "second"); // collides, and is taken by the next activation
        await AttachAsync(justOpened: false);
        var again = await _streams.NextAsync();

        Assert.Equal((first.Epoch, first.Batch + 1), (again.Epoch, again.Batch));
        Assert.Equal((first.Events[0].Id, true), (Assert.Single(again.Events).Id, again.Events[0].Redelivery));
        Assert.True(again.Claim > head);
        await Session<ISessionAttachments>().ConfirmAsync("client", again.Epoch, again.Batch, default);
        var next = Assert.Single((await _streams.NextAsync()).Events);
        Assert.Equal((second.EventId, false), (next.Id, next.Redelivery));
        Assert.All(await _silos.Store.ReadAsync(Log, head, 20, default), record => Assert.True(record.Claim > head));
    }

    [Fact]
    public async Task A_stream_that_is_gone_is_closed_and_what_it_had_waits()
    {
        _streams.Answer = PushOutcome.Gone;
        await AttachAsync();

        await SayAsync(_owner, "hello");
        await _streams.NextAsync();
        while ((await Session<ISessionViews>().ViewAsync(Owner, default))!.Attached)
        {
            await Task.Yield();
        }

        _streams.Answer = PushOutcome.Taken;
        await AttachAsync(stream: "stream-2");
        var again = await _streams.NextAsync();
        Assert.True(Assert.Single(again.Events).Redelivery);
    }

    [Fact]
    public async Task A_raised_standing_is_answered_when_every_session_in_reach_has_recorded_it()
    {
        var bob = await LetInAsync();
        await SayAsync(bob, "before");

        await User(bob).Standing.RaiseAsync("test", default);

        var records = (await _silos.Store.ReadAsync(Log, 0, 100, default)).Select(SessionRecords.Kinds.Decode).ToList();
        Assert.Equal(1, Assert.Single(records.OfType<StandingHeard>()).Standing);
        Assert.Single(records.OfType<StandingHeard>().Single().Died);
        Assert.Equal(0, (await Session<ISessionViews>().ViewAsync(Owner, default))!.Waiting);
    }

    [Fact]
    public async Task Nothing_of_an_ended_standing_enters_behind_the_answer_however_much_is_on_its_way()
    {
        var bob = await LetInAsync();
        using var stop = new CancellationTokenSource();
        var talking = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await SayAsync(bob, "x");
            }
        }).ToList();
        await SayAsync(bob, "first");

        await User(bob).Standing.RaiseAsync("test", default);
        var head = (await _silos.Store.ReadBackAsync(Log, long.MaxValue, 1, default))[0].Position;
        await stop.CancelAsync();
        await Task.WhenAll(talking);
        Assert.Equal(MessageResult.Accepted, (await SayAsync(bob, "after")).State); // a new standing is as good as the old one was

        var behind = (await _silos.Store.ReadAsync(Log, head, 10_000, default)).Select(SessionRecords.Kinds.Decode);
        Assert.DoesNotContain(behind, record => record is EventAccepted { Sender.Standing: 0 });
    }

    [Fact]
    public async Task A_raised_standing_waits_for_a_session_that_cannot_record_it()
    {
        var bob = await LetInAsync();
        await SayAsync(bob, "before");
        var until = new TaskCompletionSource();
        var came = _silos.Writer.Hold(Log, "standing-heard", until);

        var raising = User(bob).Standing.RaiseAsync("test", default);
        await came;
        Assert.False(raising.IsCompleted);
        until.SetResult();

        await raising;
    }

    private async Task KeptAsync(string identity, int entries)
    {
        while (_silos.Writer.Seen(UserState.Log(identity)).SelectMany(append => append.Records).Count(record => record.Kind == "sent") < entries)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private async Task TalkAsync(string text)
    {
        await SayAsync(_owner, text);
        var push = await _streams.NextAsync();
        Assert.True(await Session<ISessionAttachments>().ConfirmAsync("client", push.Epoch, push.Batch, default));
    }

    private async Task<List<EventAccepted>> AcceptedAsync() =>
        [.. (await _silos.Store.ReadAsync(Log, 0, 1000, default)).Select(SessionRecords.Kinds.Decode).OfType<EventAccepted>()];

    private async Task<string> LetInAsync()
    {
        var bob = $"b{Guid.NewGuid():N}"[..20];
        await User(bob).Standing.LinkAsync(bob, default);
        await Session<ISessionAccess>().GrantAsync(Owner, $"console:{bob}", Role.Talk, default);
        return bob;
    }

    private async Task AttachAsync(string stream = "stream-1", bool justOpened = true)
    {
        var session = Session<ISessionAttachments>();
        if (justOpened && stream == "stream-1")
        {
            await session.InitializeAsync(new ClientStart { Hash = "client", TokenId = "token", Client = "test" }, default);
        }

        var answer = await FenceTests.AgainAsync(() => session.AttachAsync(
            new AttachRequest { Hash = "client", TokenId = "token", Stream = stream, JustOpened = justOpened, Node = _node }, default));
        Assert.Equal(AttachStanding.Attached, answer.State);
    }

    private async Task<int> CountAsync() => (await _silos.Store.ReadAsync(Log, 0, 1000, default)).Count;

    private async Task<Said> SayAsync(string who, string text) => await FenceTests.AgainAsync(
        () => User(who).Talk.SayAsync(new Saying { Session = _id.ToString(), Text = text, ClientId = Guid.NewGuid().ToString("N") }, default));

    private T Session<T>()
        where T : IGrainWithStringKey => _silos.Grains.GetGrain<T>(GrainId.Create("session", _id.ToString()));

    private (IUserTalk Talk, IUserStanding Standing) User(string name)
    {
        var id = GrainId.Create("user", $"console:{name}");
        return (_silos.Grains.GetGrain<IUserTalk>(id), _silos.Grains.GetGrain<IUserStanding>(id));
    }
}
