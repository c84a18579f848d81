namespace Cluster.Chaos.Scenarios;

internal sealed class R3StoppedEngine : Scenario
{
    private const double Away = 4; // seconds

    public override string Id => "R3";

    public override string Title => "PostgreSQL stopped with -m immediate and started again";

    protected override async Task PlayAsync(Stage stage, CancellationToken ct)
    {
        var rounds = stage.Long ? 10 : 1;
        var (accepted, slowest, answers) = (0, TimeSpan.Zero, new List<History.Try>());
        for (var i = 0; i < rounds; i++)
        {
            await Stage.PassAsync(2, ct);
            await stage.Postgres.StopImmediatelyAsync(ct);
            var down = RunClock.Now;
            await Stage.PassAsync(Away, ct);
            var starting = RunClock.Now;
            await stage.Postgres.StartAgainAsync(ct);
            var ready = RunClock.Now;
            await Stage.PassAsync(6, ct);
            var tries = stage.Cluster.Log.Tries.ToList();
            var meanwhile = tries.Where(t => t.SubmittedAt >= down && t.AnsweredAt <= starting).ToList();
            answers.AddRange(meanwhile);
            accepted += meanwhile.Count(t => t.Accepted);
            var first = tries.Where(t => t.Accepted && t.AnsweredAt >= ready).Select(t => t.AnsweredAt - ready).DefaultIfEmpty(TimeSpan.MaxValue).Min();
            slowest = first > slowest ? first : slowest;
        }

        stage.Verdict.Note($"{rounds} falls of {Away:0} s");
        stage.Verdict.Promise($"2xx meanwhile {accepted}", accepted == 0);
        stage.Verdict.Note($"answered meanwhile: {Measures.Statuses(answers)}");
        stage.Verdict.AtMost("first success after ready", slowest, 5);
    }
}
