using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>Contexts of a device and a node of one tenant, for targets that speak DTLS.</summary>
internal sealed class DtlsPeers : IDisposable
{
    /// <summary>The clock of these sessions: it stands still, so that nothing is sent again.</summary>
    public static readonly TimeSpan Now = TimeSpan.FromHours(1);

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly PeerCredentials _device;
    private readonly PeerCredentials _node;

    public DtlsPeers()
    {
        _device = _tenant.Issue(PeerRole.Device, "laptop-7");
        _node = _tenant.Issue(PeerRole.Node, "node-1");
        Client = DtlsContext.Create(new DtlsContextOptions { Role = DtlsRole.Client, Certificate = _device.Certificate, PeerVerifier = Accept });
        Server = DtlsContext.Create(new DtlsContextOptions { Role = DtlsRole.Server, Certificate = _node.Certificate, PeerVerifier = Accept });
    }

    public DtlsContext Client { get; }

    public DtlsContext Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _device.Dispose();
        _node.Dispose();
        _tenant.Dispose();
    }

    // A stranger's certificate gets as far as our reader of certificates; who is trusted is the target "certificate".
    private static DtlsVerdict Accept(X509Certificate2 leaf, X509Certificate2Collection sent) => CertificateProfile.ReadIdentity(leaf, out _) == Reason.None
        ? DtlsVerdict.Accepted
        : DtlsVerdict.Refused(DtlsRefusal.BadCertificate, "not of the profile");

    /// <summary>What both ends have sent and nobody has received.</summary>
    internal sealed class Wire
    {
        public Queue<(bool ToServer, byte[] Datagram)> Air { get; } = new();

        public IDtlsOutput To(bool server) => new Output(this, server);

        private sealed class Output(Wire wire, bool toServer) : IDtlsOutput
        {
            public void Send(ReadOnlySpan<byte> datagram) => wire.Air.Enqueue((toServer, datagram.ToArray()));
        }
    }
}
