using Cluster.Core.Access;
using Cluster.Core.Grains.Sessions;
using Cluster.Core.Logs;
using Cluster.Next.Chaos.History;

namespace Cluster.Next.Chaos.Revoking;

/// <summary>
/// Holds the logs of sessions against promise 5. A revocation stands in a session's log, so what comes behind it tells: no event of the revoked
/// may enter, and none that waited may be sent.
/// </summary>
internal static class RevocationChecker
{
    /// <summary>What was done for the identity after a session knew that it may not.</summary>
    /// <param name="rows">The table of logs.</param>
    /// <param name="identity">Who was revoked.</param>
    public static IReadOnlyList<string> Check(IReadOnlyList<LogRow> rows, string identity)
    {
        var faults = new List<string>();
        foreach (var log in rows.Where(row => row.Grain.StartsWith("session/", StringComparison.Ordinal)).GroupBy(row => row.Grain))
        {
            var session = new Session(identity, log.Key, faults);
            foreach (var row in log)
            {
                session.Take(row);
            }
        }

        return faults;
    }

    /// <summary>How many sessions have recorded that an identity has this standing, or a higher one: they were told, or took something under it.</summary>
    public static int Heard(IReadOnlyList<LogRow> rows, string identity, long standing) => rows
        .Where(row => Record(row) switch
        {
            StandingHeard heard => heard.Identity == identity && heard.Standing >= standing,
            EventAccepted accepted => accepted.Sender.Identity == identity && accepted.Sender.Standing >= standing,
            _ => false,
        })
        .Select(row => row.Grain).Distinct().Count();

    /// <summary>In how many sessions an identity has said anything.</summary>
    public static int Reached(IReadOnlyList<LogRow> rows, string identity) => rows
        .Where(row => Record(row) is EventAccepted accepted && accepted.Sender.Identity == identity)
        .Select(row => row.Grain).Distinct().Count();

    /// <summary>Whether a session's log says that an identity may talk no longer.</summary>
    public static bool IsRevoked(IReadOnlyList<LogRow> rows, string identity, string session) => rows
        .Any(row => LogTable.NameOf(row.Grain) == session && Record(row) is RoleRevoked revoked && revoked.Identity == identity);

    private static IRecord? Record(LogRow row) =>
        row.Grain.StartsWith("session/", StringComparison.Ordinal) ? SessionRecords.Kinds.Decode(row.Record) : null;

    private sealed class Session(string identity, string grain, List<string> faults)
    {
        private readonly Dictionary<long, long> _standings = []; // of the identity's events, by their id
        private bool _revoked;
        private long _standing;

        public void Take(LogRow row)
        {
            switch (SessionRecords.Kinds.Decode(row.Record))
            {
                case RoleRevoked revoked when revoked.Identity == identity && (revoked.Role == Role.None || revoked.Role.HasFlag(Role.Talk)):
                    _revoked = true;
                    break;
                case RoleGranted granted when granted.Entry.Identity == identity && granted.Entry.Role.HasFlag(Role.Talk):
                    _revoked = false;
                    break;
                case StandingHeard heard when heard.Identity == identity:
                    _standing = heard.Standing;
                    break;
                case EventAccepted accepted when accepted.Sender.Identity == identity:
                    _standings[row.Record.Position] = accepted.Sender.Standing;
                    _standing = Math.Max(_standing, accepted.Sender.Standing);
                    Judge(row, "entered", row.Record.Position);
                    break;
                case BatchSent sent:
                    Send(row, sent);
                    break;
                case BatchConfirmed { Next: { } next }:
                    Send(row, next);
                    break;
            }
        }

        private void Send(LogRow row, BatchSent sent)
        {
            foreach (var id in sent.Events.Where(_standings.ContainsKey))
            {
                Judge(row, "was sent", id);
            }
        }

        private void Judge(LogRow row, string what, long id)
        {
            if (_revoked || _standings[id] < _standing)
            {
                faults.Add($"event {id} of {identity} {what} in record {row.Record.Position} of {grain}, behind its revocation");
            }
        }
    }
}
