using Cluster.Core.Events;
using Cluster.Core.Sessions;

namespace Cluster.Tests.Events;

public sealed class NoteRulesTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, null)]
    [InlineData(4, null)]
    public void A_note_goes_three_steps_and_no_further(int farthest, int? expected) => Assert.Equal(expected, NoteRules.NextHop(farthest));

    [Fact]
    public void However_sessions_tell_one_another_a_chain_ends_after_three_steps()
    {
        var random = new Random(20260301);
        var farthest = new int[5];
        var refused = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var (from, to) = (random.Next(5), random.Next(5));
            if (NoteRules.NextHop(farthest[from]) is { } hops)
            {
                Assert.InRange(hops, farthest[from] + 1, NoteRules.MaxHops);
                farthest[to] = Math.Max(farthest[to], hops);
            }
            else
            {
                refused++;
            }
        }

        Assert.All(farthest, hops => Assert.Equal(NoteRules.MaxHops, hops));
        Assert.True(refused > 900);
    }

    [Theory]
    [InlineData(60, 59, true)]
    [InlineData(60, 60, false)]
    [InlineData(63, 63, false)]
    public void Who_cannot_be_named_in_an_attribute_cannot_sign(int owner, int name, bool can)
    {
        var session = new SessionId(new string('o', owner), new string('n', name));

        Assert.Equal(can, NoteRules.CanSign(session));
    }
}
