using Microsoft.Extensions.Time.Testing;

namespace Cluster.Tests.Cli;

internal static class Clocks
{
    /// <summary>Moves time on second by second; the pauses let real sockets do what each second set off.</summary>
    public static async Task AdvanceUntilAsync(FakeTimeProvider clock, Task done)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!done.IsCompleted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < FakeNode.Patience, "What time was moved on for has not come.");
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(done, Task.Delay(10, TestContext.Current.CancellationToken));
        }
    }
}
