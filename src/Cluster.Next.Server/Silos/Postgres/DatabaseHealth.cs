using Cluster.Next.Server.Nodes;

namespace Cluster.Next.Server.Silos.Postgres;

internal sealed class DatabaseHealth(SiloDatabase database, TimeProvider clock)
    : HealthProbe(
        async ct =>
        {
            await using var ask = database.Source.CreateCommand("SELECT 1");
            await ask.ExecuteNonQueryAsync(ct);
        },
        "The engine did not answer in two seconds; webhooks are answered 503 until it does.",
        clock);
