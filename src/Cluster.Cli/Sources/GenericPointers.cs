using System.CommandLine;
using Cluster.Cli.Nodes;
using Cluster.Core.Webhooks;

namespace Cluster.Cli.Sources;

/// <summary>Where a generic source's fields stand.</summary>
internal sealed record GenericPointers(Option<string> Id, Option<string> Type, Option<string> Title, Option<string> Url)
{
    public const string Kind = "generic";

    public static GenericPointers Create() => new(
        One("--id", "the id that tells events apart"), One("--type", "what happened"), One("--title", "a line for people"), One("--url", "where to look"));

    public void AddTo(Command command)
    {
        foreach (var option in new[] { Id, Type, Title, Url })
        {
            command.Add(option);
        }
    }

    public SourceSettings Read(ApiCall call) =>
        new() { Id = call.Get(Id), Type = call.Get(Type), Title = call.Get(Title), Url = call.Get(Url) };

    private static Option<string> One(string name, string what) =>
        new(name) { Description = $"A JSON pointer to {what}, such as /event/id.", HelpName = "POINTER" };
}
