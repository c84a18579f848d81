namespace Cluster.Next.Server.Silos.Certificates;

/// <summary>Where the nodes' certificates are kept for all of them.</summary>
internal interface ISiloCertificateTable
{
    /// <returns>The highest number that was given, 0 for none, and all there are, the oldest first.</returns>
    Task<(int Highest, IReadOnlyList<SiloCertificate> All)> ReadAsync(CancellationToken ct);

    /// <summary>Makes a certificate and adds it under a number, unless another node has.</summary>
    Task TryAddAsync(int number, DateTimeOffset usedFrom, DateTimeOffset now, CancellationToken ct);
}
