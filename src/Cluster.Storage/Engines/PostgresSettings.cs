using Npgsql;

namespace Cluster.Storage.Engines;

/// <summary>How a node reaches PostgreSQL. What the connection string says stands; the rest is set here.</summary>
public sealed record PostgresSettings
{
    /// <summary>Connections of one node to the engine, beside one that listens: turns and reads share them.</summary>
    public const int PoolSize = 20;

    private const int ConnectSeconds = 5; // also the longest wait for a free connection
    private const int CommandSeconds = 10;
    private const int KeepAliveSeconds = 15;
    private const int PreparedStatements = 200; // of one connection

    // A node that freezes inside a turn holds rows; the server ends that turn. And every statement here finds its rows by key, a few of
    // them: when one mailbox holds nearly everything that waits, the planner's figures say that reading it all is cheaper, and they are wrong.
    // The same goes for reading an index whole where a table was small when it was counted: pages count little here, and rows much.
    // So a plan is made once; making it anew takes longer than the statement itself.
    private const string Session =
        "-c idle_in_transaction_session_timeout=5000 -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
        + "-c random_page_cost=0.1 -c seq_page_cost=0.1 -c cpu_tuple_cost=1 -c cpu_index_tuple_cost=0.5 -c cpu_operator_cost=0.1 "
        + "-c plan_cache_mode=force_generic_plan";

    /// <summary>An Npgsql connection string, <c>Host=…;Database=…;Username=…;Password=…</c>.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Shows in <c>pg_stat_activity</c>.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Accept a server that may lose commits in a crash. For tests of anything but durability.</summary>
    public bool AllowUnsafeDurability { get; init; }

    /// <summary>How long a start waits for a server that is away.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Set false where a test moves the clock.</summary>
    public bool FollowServerClock { get; init; } = true;

    /// <exception cref="EngineUnusableException">The connection string cannot be read.</exception>
    internal NpgsqlConnectionStringBuilder Read()
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(ConnectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // What the driver says may hold a part of the password, even as the name of a keyword; so may the exception.
            throw new EngineUnusableException(
                "Cluster:Engine is not a PostgreSQL connection string: a keyword of it is unknown, or a value is not of its kind. "
                + "Expected Host=…;Database=…;Username=…;Password=…; a URI (postgresql://…) is not accepted, and a value with ; or = in it "
                + "stands in quotes, as in Password=\"…\". What it holds is not shown here, since it may be a secret.");
        }

        if (string.IsNullOrEmpty(builder.Host))
        {
            throw new EngineUnusableException("Cluster:Engine names no Host. Expected Host=…;Database=…;Username=…;Password=…");
        }

        void Default(string key, object value)
        {
            if (!builder.ShouldSerialize(key))
            {
                builder[key] = value;
            }
        }

        Default("Maximum Pool Size", PoolSize);
        Default("Timeout", ConnectSeconds);
        Default("Command Timeout", CommandSeconds);
        Default("Keepalive", KeepAliveSeconds);
        Default("Max Auto Prepare", PreparedStatements);
        Default("Auto Prepare Min Usages", 2);

        builder.Options = $"{Session} {builder.Options}".Trim();
        Default("No Reset On Close", true); // nothing here leaves a pooled connection other than it was
        Default("Application Name", $"cluster {NodeName}".Trim());
        return builder;
    }
}
