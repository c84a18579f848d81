using System.Text;
using Cluster.Core.Events;
using Cluster.Next.Grains.Sessions;
using Cluster.Next.Server.Grains;
using Cluster.Next.Server.Mcp;
using Microsoft.AspNetCore.Http;

namespace Cluster.Next.Server.Tests.Mcp;

/// <summary>The fence at the node that has the streams: what a session of the past pushes is refused there.</summary>
public sealed class StreamNodeTests : IDisposable
{
    private readonly MemoryStream _written = new();
    private readonly StreamNode _node = new(new Lazy<GrainCalls>(() => throw new InvalidOperationException("No grain is asked.")));
    private readonly OpenStream _stream;

    public StreamNodeTests()
    {
        var context = new DefaultHttpContext();
        context.Response.Body = _written;
        _stream = new OpenStream(context, TimeProvider.System);
        _node.Add(_stream);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _written.Dispose();
    }

    [Fact]
    public async Task A_push_under_a_lower_claim_than_an_earlier_one_is_stale_and_writes_nothing()
    {
        var newer = await _node.PushAsync(Push(claim: 7, epoch: 2, text: "of the newer"));
        var older = await _node.PushAsync(Push(claim: 5, epoch: 2, text: "of the older"));
        var again = await _node.PushAsync(Push(claim: 7, epoch: 2, text: "of the newer again"));

        Assert.Equal((PushOutcome.Taken, PushOutcome.Stale, PushOutcome.Taken), (newer, older, again));
        Assert.Contains("of the newer again", Written);
        Assert.DoesNotContain("of the older", Written);
    }

    [Fact]
    public async Task A_push_under_a_lower_claim_than_the_grain_has_answered_a_stream_with_is_stale()
    {
        _node.Hear("alice/api", claim: 7, epoch: 1);
        var older = await _node.PushAsync(Push(claim: 5, epoch: 1, text: "of the older"));

        Assert.Equal(PushOutcome.Stale, older);
        Assert.Empty(Written);
    }

    [Fact]
    public async Task A_push_of_a_lower_epoch_finds_its_attachment_gone()
    {
        var newer = await _node.PushAsync(Push(claim: 7, epoch: 3, text: "of the newer"));
        var older = await _node.PushAsync(Push(claim: 7, epoch: 2, text: "of the older"));

        Assert.Equal((PushOutcome.Taken, PushOutcome.Gone), (newer, older));
        Assert.DoesNotContain("of the older", Written);
    }

    [Fact]
    public async Task Epochs_begin_anew_under_a_later_claim()
    {
        await _node.PushAsync(Push(claim: 7, epoch: 3, text: "before it was removed"));
        var anew = await _node.PushAsync(Push(claim: 9, epoch: 1, text: "made anew"));

        Assert.Equal(PushOutcome.Taken, anew);
    }

    [Fact]
    public async Task A_claim_of_one_session_says_nothing_of_another()
    {
        await _node.PushAsync(Push(claim: 7, epoch: 2, text: "of the first"));
        var other = await _node.PushAsync(Push(claim: 5, epoch: 1, text: "of the other") with { Session = "alice/web" });

        Assert.Equal(PushOutcome.Taken, other);
    }

    private string Written => Encoding.UTF8.GetString(_written.ToArray());

    private Push Push(long claim, long epoch, string text) => new()
    {
        Session = "alice/api",
        Stream = _stream.Id,
        Claim = claim,
        Epoch = epoch,
        Batch = 1,
        Events =
        [
            new PushedEvent
            {
                Id = 9,
                Kind = EventKind.Chat,
                Sender = "console:alice",
                ChatId = "console:alice",
                Trust = "owner",
                Body = text,
                At = DateTimeOffset.UnixEpoch,
                Redelivery = false,
            },
        ],
    };
}
