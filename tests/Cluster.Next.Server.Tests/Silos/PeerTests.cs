using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Cluster.Core.Secrets;
using Cluster.Next.Server.Silos.Certificates;
using Cluster.Next.Server.Silos.Postgres;
using Cluster.Testing;
using Npgsql;

namespace Cluster.Next.Server.Tests.Silos;

public sealed class PeerTests
{
    [Fact]
    public async Task A_silo_lets_nobody_in_who_does_not_hold_the_clusters_certificate()
    {
        await using var cluster = await NodeCluster.StartAsync(1);
        await using var database = NpgsqlDataSource.Create(cluster.ConnectionString);
        var table = new PostgresCertificateTable(database, new SecretBox(Convert.FromBase64String(cluster.Key)));
        var ours = Assert.Single((await table.ReadAsync(CancellationToken.None)).All).Certificate;
        var others = SiloCertificate.Make(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow).Certificate.Certificate;
        var silo = IPEndPoint.Parse(Assert.Single(await cluster[0].NodesAsync()).Id.Split('@')[0]);

        Assert.True(await SpeaksAsync(silo, ours, SslProtocols.Tls13));
        Assert.False(await SpeaksAsync(silo, others, SslProtocols.Tls13));
        Assert.False(await SpeaksAsync(silo, null, SslProtocols.Tls13));
        Assert.False(await SpeaksAsync(silo, ours, SslProtocols.Tls12));
        Assert.False(await SpeaksPlainlyAsync(silo));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silo_speaks_only_with_one_it_calls_that_holds_the_clusters_certificate(bool holds)
    {
        await using var cluster = await NodeCluster.CreateAsync();
        await using var database = NpgsqlDataSource.Create(cluster.ConnectionString);
        await SiloMigrations.ApplyAsync(database, CancellationToken.None);
        var certificates = new SiloCertificates(
            new PostgresCertificateTable(database, new SecretBox(Convert.FromBase64String(cluster.Key))), TimeProvider.System);
        await certificates.RefreshAsync(CancellationToken.None);
        var others = SiloCertificate.Make(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow).Certificate.Certificate;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await PretendAsync(cluster.ConnectionString, ((IPEndPoint)listener.LocalEndpoint).Port);

        await using var node = NodeProcess.Launch(cluster.Settings);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = await listener.AcceptTcpClientAsync(patience.Token);
        await using var tls = new SslStream(socket.GetStream());

        Assert.Equal(holds, await SpeaksAsync(tls, () => tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = holds ? certificates.Presented : others, EnabledSslProtocols = SslProtocols.Tls13 },
            patience.Token)));
    }

    // As a member whom others look for before they join.
    private static Task PretendAsync(string connectionString, int port) =>
        PostgresServer.ExecuteAsync(
            connectionString,
            $"""
            INSERT INTO orleansmembershipversiontable (deploymentid, version) VALUES ('channel-cluster', 1);
            INSERT INTO orleansmembershiptable (
              deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
            VALUES ('channel-cluster', '127.0.0.1', {port}, 1, 'false', 'false', 3, 0, now(), now() + interval '20 seconds')
            """);

    private static async Task<bool> SpeaksAsync(IPEndPoint silo, X509Certificate2? certificate, SslProtocols protocol)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(silo);
#pragma warning disable CA5359 // whom an attacker calls, an attacker trusts
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        return await SpeaksAsync(tls, () => tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { ClientCertificates = certificate is null ? [] : [certificate], EnabledSslProtocols = protocol }));
    }

    // Whether the silo says anything: it begins with its own address. It looks at a certificate when the handshake is done, so its refusal
    // is heard by who reads.
    private static async Task<bool> SpeaksAsync(SslStream tls, Func<Task> authenticate)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await authenticate();
            return await tls.ReadAsync(new byte[64], patience.Token) > 0;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return false;
        }
    }

    private static async Task<bool> SpeaksPlainlyAsync(IPEndPoint silo)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(silo);
        var stream = socket.GetStream();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await stream.WriteAsync(new byte[64], patience.Token);
        try
        {
            var read = new byte[64];
            var length = await stream.ReadAsync(read, patience.Token);
            return length > 0 && read[0] != 21; // a TLS alert
        }
        catch (IOException)
        {
            return false;
        }
    }
}
