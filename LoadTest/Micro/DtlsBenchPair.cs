using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Micro;

/// <summary>A client and a server session on one thread, each with the datagrams for the other in an array.</summary>
internal sealed class DtlsBenchPair : IDisposable
{
    private readonly byte[] _plaintext = new byte[2_000];

    public DtlsBenchPair(DtlsContext client, DtlsContext server)
    {
        Client = client.CreateSession(ToServer);
        Server = server.CreateSession(ToClient);
    }

    public DtlsSession Client { get; }

    public DtlsSession Server { get; }

    public DatagramArray ToServer { get; } = new();

    public DatagramArray ToClient { get; } = new();

    public static DtlsContext CreateContext(DtlsRole role, bool requireAes256 = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest($"CN={role}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return DtlsContext.Create(new DtlsContextOptions
        {
            Role = role,
            Certificate = certificate,
            PeerVerifier = (_, _) => DtlsVerdict.Accepted,
            RequireAes256 = requireAes256,
            MaxDatagramBytes = 1_500,
        });
    }

    public void Handshake()
    {
        Client.Start(TimeSpan.Zero);
        while (Client.State == DtlsState.Handshaking)
        {
            Feed(Server, ToServer);
            Feed(Client, ToClient);
        }

        Require(Client.State == DtlsState.Established && Server.State == DtlsState.Established);
    }

    public static void Require(bool isTrue)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException("A record or handshake of the benchmark failed.");
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private void Feed(DtlsSession session, DatagramArray datagrams)
    {
        for (var i = 0; i < datagrams.Count; i++)
        {
            session.Receive(datagrams[i], _plaintext, TimeSpan.Zero);
        }

        datagrams.Clear();
    }
}
