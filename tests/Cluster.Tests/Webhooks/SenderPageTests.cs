using System.Runtime.CompilerServices;
using System.Text;
using Cluster.Core.Webhooks;
using Cluster.Core.Webhooks.Facts;

namespace Cluster.Tests.Webhooks;

/// <summary><c>deploy/docs/senders.md</c> says what the table says. After a wanted change, <c>GOLDEN=write</c> in the environment writes it anew.</summary>
public sealed class SenderPageTests
{
    [Fact]
    public void The_page_for_operators_says_what_the_table_says()
    {
        var file = Path.Combine(Root(), "deploy", "docs", "senders.md");
        var page = Write();
        if (Environment.GetEnvironmentVariable("GOLDEN") == "write")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, page);
        }

        Assert.Equal(File.ReadAllText(file), page);
    }

    private static string Write()
    {
        var page = new StringBuilder("""
            # What Claude is told of each sender's events

            Generated from the table by which a node reads deliveries (`Core/Webhooks`); do not edit it. Each field is a condition of a route by its name. What is
            not trusted stands under `untrusted`, and a route that asks for it says `untrusted: true`. One name for all: `status` is also `state`, `conclusion`,
            `transition`, `connection_state` and `job_state`; `severity` also `urgency` and `level`; `repository` also `project`; `service` also `service_id`.
            A delivery that is only recorded is told all the same by a route that names the very word: `conclusion: success`. A field is left out where the
            delivery does not have it. Of an event without a row the fields that stand first in its body are told, 20 at most, as untrusted. In an event of
            a stranger names are told and sentences are not.

            """);
        foreach (var sender in WebhookSenders.All)
        {
            page.Append($"\n## {sender.Kind}\n\n{sender.Title} The same event again is known by {sender.SameEvent}.\n\n");
            page.Append("| event | what | where | how bad | link | beside | only recorded |\n| --- | --- | --- | --- | --- | --- | --- |\n");
            foreach (var same in sender.Events.GroupBy(row => (Facts: string.Join(' ', row.Facts.Select(fact => fact.Field)), Rests(row))))
            {
                var row = same.First();
                page.Append($"| {string.Join(", ", same.Select(one => one.Event == EventFacts.Any ? "any other" : $"`{one.Event}`"))} | ");
                page.AppendJoin(" | ", new[] { FactRole.What, FactRole.Where, FactRole.Bad, FactRole.Link, FactRole.Beside }.Select(role => Named(row, role)));
                page.Append($" | {Rests(row)} |\n");
            }

            page.Append("\n| field | who writes it | trusted as | why |\n| --- | --- | --- | --- |\n");
            foreach (var fact in sender.Facts)
            {
                page.Append($"| `{fact.Field}`{(fact.Event is { } one ? $" of `{one}`" : "")} | {Who(fact)} | {(fact.IsTrusted ? fact.Form.Described : "never")} | {fact.Why} |\n");
            }
        }

        return page.ToString();
    }

    private static string Named(EventFacts row, FactRole role)
    {
        var fields = row.Facts.Where(fact => fact.Role == role).Select(fact => fact.Field == FieldFact.Rest ? "its own fields" : $"`{fact.Field}`").Distinct().ToList();
        return fields.Count > 0 ? string.Join(", ", fields) : role == FactRole.Beside ? "" : "nothing more is told";
    }

    private static string Rests(EventFacts row) => row.Rests ?? (row.Outcome is { } outcome ? $"{outcome.Field}: {outcome.Rests.Replace(" ", ", ")}" : "never");

    private static string Who(FieldFact fact) => fact.Writer switch
    {
        Writer.Cluster => "the cluster",
        Writer.Platform => "the platform",
        Writer.Owner => "the owner",
        Writer.User => fact.IsNeeded ? "anybody; a name" : "anybody",
        _ => "nobody knows",
    };

    private static string Root([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..");
}
