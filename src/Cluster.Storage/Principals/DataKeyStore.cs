using Cluster.Core.Secrets;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Principals;

/// <summary>The pages' data-protection keys, encrypted, so that every node reads every node's forms.</summary>
public sealed class DataKeyStore(Engine engine, SecretBox box)
{
    private const string Purpose = "data-protection";

    public async Task<List<string>> ListAsync(CancellationToken ct)
    {
        var boxes = await engine.ReadAsync(db => db.RowsAsync("SELECT value FROM data_key ORDER BY name", r => r.Bytes(0)), ct);
        return boxes.ConvertAll(sealedKey => box.Open(sealedKey, Purpose));
    }

    public Task AddAsync(string name, string value, CancellationToken ct) =>
        engine.TurnAsync(
            turn => turn.Db.ExecuteAsync(
                "INSERT INTO data_key (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING",
                ("@name", name),
                ("@value", box.Seal(value, Purpose))),
            ct);
}
