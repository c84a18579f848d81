using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cluster.Cli.Doctor;

/// <summary>One link of the chain: is it whole, and if not, what to do.</summary>
internal sealed record DoctorCheck
{
    public required string Check { get; init; }
    public required bool Ok { get; init; }
    public required string Detail { get; init; }

    /// <summary>Also set on a whole link that asks for somebody's attention.</summary>
    public string? Todo { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<DoctorCheck>))]
internal sealed partial class DoctorJson : JsonSerializerContext;
