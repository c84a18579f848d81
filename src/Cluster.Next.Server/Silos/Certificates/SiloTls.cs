using System.Net.Security;
using System.Security.Authentication;
using Orleans.Connections.Security;

namespace Cluster.Next.Server.Silos.Certificates;

/// <summary>Mutual TLS between silos: both ends show a certificate of the cluster, and both look at the other's. Names, issuers and
/// certificate stores of the machine count for nothing.</summary>
internal static class SiloTls
{
    public static ISiloBuilder UseClusterTls(this ISiloBuilder silo, SiloCertificates certificates) =>
        silo.UseTls(tls =>
        {
            tls.SslProtocols = SslProtocols.Tls13;
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.LocalServerCertificateSelector = (_, _) => certificates.Presented;
            tls.LocalClientCertificateSelector = (_, _, _, _, _) => certificates.Presented;
            tls.RemoteCertificateValidation = (shown, _, _) => certificates.Accepts(shown);

            // Every connection is judged by what is shown on it, by none before it.
            tls.OnAuthenticateAsServer = (_, options) => ((SslServerAuthenticationOptions)options.SslServerAuthenticationOptions).AllowTlsResume = false;
            tls.OnAuthenticateAsClient = (_, options) => ((SslClientAuthenticationOptions)options.SslClientAuthenticationOptions).AllowTlsResume = false;
        });
}
