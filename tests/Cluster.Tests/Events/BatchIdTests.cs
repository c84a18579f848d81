using Cluster.Core.Events;

namespace Cluster.Tests.Events;

public sealed class BatchIdTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 17)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void What_was_written_is_read_back(long epoch, long batch)
    {
        var id = new BatchId(epoch, batch);

        Assert.True(BatchId.TryParse(id.ToString(), out var read));
        Assert.Equal(id, read);
    }

    [Fact]
    public void What_asks_for_a_batch_again_is_read_as_that_batch()
    {
        var id = new BatchId(3, 17);

        Assert.True(BatchId.TryParse(id.Again(2), out var read));
        Assert.Equal(id, read);
        Assert.NotEqual(id.ToString(), id.Again(1));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("3")]
    [InlineData("3.")]
    [InlineData(".17")]
    [InlineData("-3.17")]
    [InlineData("3.-17")]
    [InlineData("+3.17")]
    [InlineData(" 3.17")]
    [InlineData("3.17 ")]
    [InlineData("3.17\n")]
    [InlineData("3.17.")]
    [InlineData("3.17.x")]
    [InlineData("3.17.1.1")]
    [InlineData("3,17")]
    [InlineData("3.1e2")]
    [InlineData("0x3.17")]
    [InlineData("٣.١٧")]
    [InlineData("9223372036854775808.1")]
    [InlineData("1.9223372036854775808")]
    public void Anything_else_is_no_batch(string? text) => Assert.False(BatchId.TryParse(text, out _));
}
