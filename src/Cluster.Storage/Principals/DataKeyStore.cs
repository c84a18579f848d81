using Cluster.Core.Secrets;
using Cluster.Storage.Engines;

namespace Cluster.Storage.Principals;

/// <summary>The pages' data-protection keys, encrypted, so that every node reads every node's forms.</summary>
public sealed class DataKeyStore(Engine engine, SecretBox box)
{
    private const string Purpose = "data-protection";

    // Stands among the keys and is none. XML like them, since whoever reads all keys reads it too, and passes over what it does not know.
    private const string Mark = "<clusterKey/>";

    private const string Add = """
        INSERT INTO data_key (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING
        """;

    public async Task<List<string>> ListAsync(CancellationToken ct)
    {
        var boxes = await engine.ReadAsync(db => db.RowsAsync("SELECT value FROM data_key ORDER BY name", r => r.Bytes(0)), ct);
        return boxes.ConvertAll(sealedKey => box.Open(sealedKey, Purpose));
    }

    public Task AddAsync(string name, string value, CancellationToken ct) =>
        engine.TurnAsync(turn => turn.Db.ExecuteAsync(Add, ("@name", name), ("@value", box.Seal(value, Purpose))), ct);

    /// <summary>Leaves something that only this key opens, unless some key has done so before.</summary>
    internal static Task MarkAsync(Turn turn, SecretBox box) =>
        turn.Db.ExecuteAsync(Add, ("@name", "cluster-key"), ("@value", box.Seal(Mark, Purpose)));

    internal static async Task<List<string>> FindUnreadableAsync(Turn turn, SecretBox box)
    {
        var keys = await turn.Db.RowsAsync("SELECT name, value FROM data_key ORDER BY name", r => (Name: r.GetString(0), Box: r.Bytes(1)));
        return [.. keys.Where(key => !box.Opens(key.Box, Purpose)).Select(key => key.Name)];
    }

    internal static async Task ForgetAsync(Turn turn, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            await turn.Db.ExecuteAsync("DELETE FROM data_key WHERE name = @name", ("@name", name));
            await turn.AuditAsync("node", "data-key.forget", name);
        }
    }
}
