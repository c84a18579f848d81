using Cluster.Storage.Engines;

namespace Cluster.Storage.Audit;

/// <summary>One line of the audit.</summary>
public sealed record AuditRow(DateTimeOffset At, string Actor, string Action, string Subject, string Detail);

/// <summary>Who changed access, who decided what, and what was refused. Changes write their row in their own turn.</summary>
public sealed class AuditStore(Engine engine)
{
    /// <summary>Writes refusals, which are counted and written together so that a flood of them is a few rows.</summary>
    public Task RefusedAsync(IReadOnlyCollection<(string Class, string Subject, long Count)> refusals, CancellationToken ct) =>
        engine.TurnAsync(
            async turn =>
            {
                foreach (var (name, subject, count) in refusals)
                {
                    await turn.AuditAsync("node", $"refused.{name}", subject, count.ToString());
                }

                return true;
            },
            ct);

    /// <summary>The newest rows, newest first.</summary>
    public Task<List<AuditRow>> LatestAsync(int limit, CancellationToken ct) =>
        engine.ReadAsync(
            db => db.RowsAsync(
                "SELECT at, actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT @limit",
                r => new AuditRow(r.Time(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4)),
                ("@limit", limit)),
            ct);
}
