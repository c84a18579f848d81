namespace Cluster.Next.Storage.Writing;

/// <summary>Asks of many callers, answered by few trips: while some are under way, the next gathers by itself; nobody waits for a timer.
/// An ask goes only with a trip that begins after it has come, so its answer is never older than the ask.</summary>
/// <param name="trip">Answers several asks, in their order.</param>
/// <param name="atOnce">Trips at once.</param>
internal sealed class GatheredReads<TAsk, TAnswer>(Func<IReadOnlyList<TAsk>, Task<IReadOnlyList<TAnswer>>> trip, int atOnce)
{
    /// <summary>Asks of one trip at the most.</summary>
    public const int Most = 200;

    private readonly Lock _gate = new();
    private readonly Queue<(TAsk Ask, TaskCompletionSource<TAnswer> Answer)> _waiting = new();
    private int _underWay;

    public Task<TAnswer> AskAsync(TAsk ask)
    {
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue((ask, answer));
            if (_underWay == atOnce)
            {
                return answer.Task;
            }

            _underWay++;
        }

        _ = Task.Run(TravelAsync);
        return answer.Task;
    }

    private async Task TravelAsync()
    {
        while (Gather() is { Count: > 0 } gathered)
        {
            try
            {
                var answers = await trip(gathered.ConvertAll(one => one.Ask));
                for (var i = 0; i < gathered.Count; i++)
                {
                    gathered[i].Answer.SetResult(answers[i]);
                }
            }
            catch (Exception e)
            {
                gathered.ForEach(one => one.Answer.TrySetException(e));
            }
        }
    }

    private List<(TAsk Ask, TaskCompletionSource<TAnswer> Answer)> Gather()
    {
        var gathered = new List<(TAsk, TaskCompletionSource<TAnswer>)>();
        lock (_gate)
        {
            while (gathered.Count < Most && _waiting.TryDequeue(out var next))
            {
                gathered.Add(next);
            }

            _underWay -= gathered.Count == 0 ? 1 : 0;
        }

        return gathered;
    }
}
