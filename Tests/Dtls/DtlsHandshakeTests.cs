using System.Text;
using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls;

public sealed class DtlsHandshakeTests
{
    [Fact]
    public void Handshake_BothCertificatesAccepted_EstablishesWithApprovedSuite()
    {
        using var pair = DtlsPair.Established();

        Assert.Equal("ECDHE-ECDSA-AES128-GCM-SHA256", pair.Client.CipherSuite);
        Assert.Equal(pair.Client.CipherSuite, pair.Server.CipherSuite);
        Assert.Equal("DTLSv1.2", pair.Client.Version);
        Assert.Equal(DtlsCertificates.Node.Thumbprint, pair.Client.PeerCertificate?.Thumbprint);
        Assert.Equal(DtlsCertificates.Device.Thumbprint, pair.Server.PeerCertificate?.Thumbprint);
        Assert.Equal(0, pair.Client.Retransmissions + pair.Server.Retransmissions);
    }

    [Fact]
    public void Handshake_P384Server_Establishes()
    {
        using var pair = new DtlsPair(server: new DtlsContextOptions
        {
            Role = DtlsRole.Server,
            Certificate = DtlsCertificates.Node384,
            PeerVerifier = DtlsPair.AcceptAny,
        });

        pair.Handshake();

        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal(DtlsState.Established, pair.Server.State);
    }

    [Fact]
    public void Handshake_NotEnded_ShowsNoPeer()
    {
        using var pair = new DtlsPair();
        pair.Client.Start(pair.Link.Now);

        Assert.Null(pair.Client.PeerCertificate);
        Assert.Null(pair.Client.CipherSuite);
        Assert.Equal(DtlsWriteResult.NotEstablished, pair.Client.Write("early"u8));
    }

    [Fact]
    public void Handshake_ClientRefusesServer_BothEndsNameTheReason()
    {
        using var pair = new DtlsPair(client: DtlsPair.ClientOptions(
            (_, _) => DtlsVerdict.Refused(DtlsRefusal.UnknownAuthority, "not in the tenant's bundle")));

        pair.Handshake();

        Assert.Equal((DtlsState.Failed, DtlsFailure.PeerCertificateRefused), (pair.Client.State, pair.Client.Failure));
        Assert.Equal("not in the tenant's bundle", pair.Client.FailureDetail);
        Assert.Equal((byte)48, pair.Client.SentAlert);
        Assert.Equal((DtlsState.Failed, DtlsFailure.PeerAlert), (pair.Server.State, pair.Server.Failure));
        Assert.Equal("the peer sent alert 48: unknown_ca", pair.Server.FailureDetail);
        Assert.Null(pair.Client.PeerCertificate);
    }

    [Theory]
    [InlineData(DtlsRefusal.Unspecified, 46)]
    [InlineData(DtlsRefusal.BadCertificate, 42)]
    [InlineData(DtlsRefusal.UnknownAuthority, 48)]
    [InlineData(DtlsRefusal.Expired, 45)]
    [InlineData(DtlsRefusal.Revoked, 44)]
    [InlineData(DtlsRefusal.WrongPurpose, 43)]
    [InlineData(DtlsRefusal.WrongIdentity, 42)]
    public void Handshake_ServerRefusesClient_ClientSeesAlert(DtlsRefusal refusal, byte alert)
    {
        using var pair = new DtlsPair(server: DtlsPair.ServerOptions((_, _) => DtlsVerdict.Refused(refusal, "refused")));

        pair.Handshake();

        Assert.Equal((DtlsFailure.PeerCertificateRefused, "refused"), (pair.Server.Failure, pair.Server.FailureDetail));
        Assert.Equal((DtlsFailure.PeerAlert, (byte?)alert), (pair.Client.Failure, pair.Client.PeerAlert));
    }

    [Fact]
    public void Handshake_VerifierThrows_RefusesWithoutThrowing()
    {
        using var pair = new DtlsPair(server: DtlsPair.ServerOptions((_, _) => throw new InvalidOperationException("broken rule")));

        pair.Handshake();

        Assert.Equal(DtlsFailure.PeerCertificateRefused, pair.Server.Failure);
        Assert.Contains("broken rule", pair.Server.FailureDetail, StringComparison.Ordinal);
        Assert.Equal((byte)80, pair.Client.PeerAlert);
    }

    [Fact]
    public void Handshake_VerifierGivesDefaultVerdict_Refuses()
    {
        using var pair = new DtlsPair(server: DtlsPair.ServerOptions((_, _) => default));

        pair.Handshake();

        Assert.Equal(DtlsFailure.PeerCertificateRefused, pair.Server.Failure);
        Assert.Equal((byte)46, pair.Client.PeerAlert);
    }

    [Fact]
    public void Handshake_ClientWithoutCertificate_IsRefused()
    {
        using var pair = new DtlsPair(client: new DtlsContextOptions { Role = DtlsRole.Client, PeerVerifier = DtlsPair.AcceptAny });

        pair.Handshake();

        Assert.Equal((DtlsState.Failed, DtlsFailure.PeerCertificateMissing), (pair.Server.State, pair.Server.Failure));
        Assert.Equal((DtlsState.Failed, DtlsFailure.PeerAlert), (pair.Client.State, pair.Client.Failure));
        Assert.Null(pair.Server.PeerCertificate);
    }

    [Fact]
    public void Write_BothDirections_DeliversEachRecord()
    {
        using var pair = DtlsPair.Established();

        Assert.Equal(DtlsWriteResult.Sent, pair.Client.Write("to the node"u8));
        Assert.Equal(DtlsWriteResult.Sent, pair.Server.Write("to the device"u8));
        pair.Run();

        Assert.Equal("to the node", Encoding.ASCII.GetString(Assert.Single(pair.ServerReceived)));
        Assert.Equal("to the device", Encoding.ASCII.GetString(Assert.Single(pair.ClientReceived)));
    }

    [Fact]
    public void TryExportKeyingMaterial_BothEnds_AreEqual()
    {
        using var pair = DtlsPair.Established();
        var client = new byte[32];
        var server = new byte[32];

        Assert.True(pair.Client.TryExportKeyingMaterial("EXPORTER-test"u8, client));
        Assert.True(pair.Server.TryExportKeyingMaterial("EXPORTER-test"u8, server));

        Assert.Equal(client, server);
        Assert.NotEqual(new byte[32], client);
    }
}
