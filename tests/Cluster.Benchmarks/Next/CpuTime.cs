using System.Globalization;
using Npgsql;

namespace Cluster.Benchmarks.Next;

/// <summary>Processor time of this process and of a PostgreSQL server: what an event costs, whatever else runs on the machine.</summary>
internal sealed class CpuTime
{
    private const double Tick = 0.01; // seconds: USER_HZ is 100 on every Linux

    private readonly int _server;

    private CpuTime(int server) => _server = server;

    public static async Task<CpuTime> OfAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        return new CpuTime(int.Parse(Stat(connection.ProcessID)[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Runs a leg and says the microseconds of processor time that each of its events took, here and at the database.</summary>
    public async Task<(double Rate, double Here, double Database)> MeasureAsync(Func<Task<double>> leg, double seconds)
    {
        var (here, database) = (Environment.CpuUsage.TotalTime.TotalSeconds, Server());
        var rate = await leg();
        var events = rate * seconds / 1e6;
        return (rate, (Environment.CpuUsage.TotalTime.TotalSeconds - here) / events, (Server() - database) / events);
    }

    private double Server()
    {
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Stat(id) is { Length: > 14 } stat
                && (id == _server || stat[1] == _server.ToString(CultureInfo.InvariantCulture)))
            {
                var children = id == _server ? 2 : 0; // those that have ended count at their parent
                ticks += Enumerable.Range(11, 2 + children).Sum(field => long.Parse(stat[field], CultureInfo.InvariantCulture));
            }
        }

        return ticks * Tick;
    }

    // From the third field on: the second is a name that may hold anything.
    private static string[] Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
