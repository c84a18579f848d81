using System.CommandLine;
using System.Globalization;
using Cluster.Cli.Nodes;
using Cluster.Cli.Terminal;

namespace Cluster.Cli.Backups;

/// <summary><c>cluster backup</c>: everything that the node keeps, in one file here.</summary>
internal static class BackupCommand
{
    public static Command Create(NodeOptions node)
    {
        var file = new Argument<string>("FILE") { Description = "Where to put it; a file that is there already is left alone." };
        var command = new Command("backup", "Write a copy of everything that a node on SQLite keeps, while it works on. Admins only.") { file };
        command.SetAction(async (parsed, ct) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            if (Path.Exists(path))
            {
                throw new CommandFailure($"{path} is there already; choose another name, or move it away.");
            }

            using var client = new NodeClient(node.Locator(parsed).Require(), TimeProvider.System);
            var bytes = await WriteAsync(client, path, ct);
            var screen = new Screen(parsed.InvocationConfiguration.Output);
            screen.Line($"Backed up to {path} ({(bytes / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture)} MiB), readable by you only: it holds everybody's messages.");
            screen.Line("The key is not in it. Keep the node's CLUSTER_KEY, or the file `key` in its data folder, as well and in another place: without it");
            screen.Line("webhook sources cannot be restored.");
            screen.Line("To restore: stop the node; into an empty data folder put this file as cluster.db and the key file as key; start the node on that folder.");
            return 0;
        });

        return command;
    }

    // Under its name there is a whole backup or nothing.
    private static async Task<long> WriteAsync(NodeClient client, string path, CancellationToken ct)
    {
        var draft = $"{path}.part";
        File.Delete(draft);
        try
        {
            long bytes;
            await using (var stream = new FileStream(draft, OwnerOnly.File(FileMode.Create)))
            {
                bytes = await client.DownloadAsync(HttpMethod.Post, "api/backup", stream, ct);
                stream.Flush(flushToDisk: true);
            }

            File.Move(draft, path);
            return bytes;
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
