using System.Text;
using Org.BouncyCastle.Crypto.Tls;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>Against BouncyCastle in both roles, through a relay that loses, repeats and reorders; with libssl's records and with our own.</summary>
[Trait("Category", "E2E")]
public sealed class DtlsBouncyCastleInteropTests : DtlsInteropTest
{
    private const int Records = 40;

    private static readonly DatagramFaults Poor = new(Loss: 0.15, Duplication: 0.15, Reordering: 0.15);
    private static readonly DatagramFaults Untidy = new(Loss: 0, Duplication: 0.3, Reordering: 0.3);

    [OpenSslTheory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    public async Task Client_AgainstBouncyCastleServer_OwnRecords(int seed)
    {
        using var peer = new BouncyCastlePeer(DtlsCertificates.Node);
        await using var relay = Relay = new FaultyRelay(peer.EndPoint, seed, seed == 0 ? DatagramFaults.None : Poor);
        var accepting = peer.AcceptAsync();
        using var context = DtlsContext.Create(DtlsPair.ClientOptions(maxDatagramBytes: 1_200));
        using var session = Connect(context, relay.EndPoint);
        await Pump(session, "handshake", () => session.State == DtlsState.Established, wake: accepting);
        var transport = await accepting.WaitAsync(SafetyTimeout);
        Assert.Equal(DtlsCertificates.Node.Thumbprint, session.PeerCertificate?.Thumbprint);
        Assert.Equal(DtlsCertificates.Device.Thumbprint, peer.PeerCertificate?.Thumbprint);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();

        await AssertRecordsPassAsync(relay, peer, transport, opener, sealer, seed != 0);
        await AssertReplaysAreDroppedAsync(relay, peer, transport, opener, sealer);
        SendClose(sealer);
        await AssertClosedAsync(peer);
        Assert.True(seed == 0 || relay.FaultCount > 0);
    }

    [OpenSslTheory]
    [InlineData(0)]
    [InlineData(41)]
    [InlineData(42)]
    [InlineData(43)]
    public async Task Server_AgainstBouncyCastleClient_OwnRecords(int seed)
    {
        using var peer = new BouncyCastlePeer(DtlsCertificates.Device);
        using var context = DtlsContext.Create(DtlsPair.ServerOptions(maxDatagramBytes: 1_200));
        await using var relay = Relay = new FaultyRelay(Bind(), seed, seed == 0 ? DatagramFaults.None : Poor);
        var connecting = peer.ConnectAsync(relay.EndPoint);
        using var session = await Accept(context);
        await Pump(session, "handshake", () => session.State == DtlsState.Established && connecting.IsCompleted, wake: connecting);
        var transport = await connecting;
        Assert.Equal(DtlsCertificates.Device.Thumbprint, session.PeerCertificate?.Thumbprint);
        Assert.Equal(DtlsCertificates.Node.Thumbprint, peer.PeerCertificate?.Thumbprint);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();

        await AssertRecordsPassAsync(relay, peer, transport, opener, sealer, seed != 0);
        await AssertReplaysAreDroppedAsync(relay, peer, transport, opener, sealer);
        await BouncyCastlePeer.OnThreadAsync(() =>
        {
            transport.Close();
            return true;
        });
        await OpenUntil(opener, "close_notify", (outcome, _) => outcome == RecordOutcome.CloseNotify);
    }

    [OpenSslFact]
    public async Task Client_AgainstBouncyCastleServer_RecordsOfLibssl()
    {
        using var peer = new BouncyCastlePeer(DtlsCertificates.Node);
        var accepting = peer.AcceptAsync();
        using var context = DtlsContext.Create(DtlsPair.ClientOptions(maxDatagramBytes: 1_200));
        using var session = Connect(context, peer.EndPoint);
        await Pump(session, "handshake", () => session.State == DtlsState.Established, wake: accepting);
        var transport = await accepting.WaitAsync(SafetyTimeout);

        Assert.Equal(DtlsWriteResult.Sent, session.Write("from the session"u8));
        Assert.Equal("from the session"u8.ToArray(), await peer.NextAsync(SafetyTimeout));
        var received = "";
        await BouncyCastlePeer.OnThreadAsync(() => Send(transport, new string('z', 1_000)));
        await Pump(session, "data", () => received.Length == 1_000, text => received += text);
        session.Close();
        await AssertClosedAsync(peer);
    }

    [OpenSslTheory]
    [InlineData(42)]
    [InlineData(45)]
    public async Task BouncyCastleServerRefusesTheCertificate_WeHearTheAlert(byte alert)
    {
        using var peer = new BouncyCastlePeer(DtlsCertificates.Node, alert);
        var accepting = peer.AcceptAsync();
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = Connect(context, peer.EndPoint);

        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal((DtlsFailure.PeerAlert, (byte?)alert), (session.Failure, session.PeerAlert));
        await Assert.ThrowsAsync<TlsFatalAlert>(() => accepting);
    }

    [OpenSslTheory]
    [InlineData(1, DtlsRefusal.Expired, 45)]
    [InlineData(2, DtlsRefusal.BadCertificate, 42)]
    public async Task ServerRefusesBouncyCastlesCertificate_ItHearsTheAlert(int seed, DtlsRefusal refusal, byte alert)
    {
        using var peer = new BouncyCastlePeer(DtlsCertificates.Device);
        using var context = DtlsContext.Create(DtlsPair.ServerOptions((_, _) => DtlsVerdict.Refused(refusal, "not this one")));
        await using var relay = Relay = new FaultyRelay(Bind(), seed, DatagramFaults.None);
        var connecting = peer.ConnectAsync(relay.EndPoint);
        using var session = await Accept(context);

        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal((DtlsFailure.PeerCertificateRefused, (byte?)alert), (session.Failure, session.SentAlert));
        await Assert.ThrowsAnyAsync<IOException>(() => connecting);
        Assert.Equal(alert, peer.Alert);
    }

    private static bool Send(DtlsTransport transport, string text)
    {
        transport.Send(Encoding.ASCII.GetBytes(text), 0, text.Length);
        return true;
    }

    private static string Text(string from, int i) => $"{from} {i} {new string((char)('a' + (i % 26)), i % 4 == 0 ? 1_050 : i)}";

    /// <summary>Records of both sizes in both directions over a link that repeats and reorders: each arrives once.</summary>
    private async Task AssertRecordsPassAsync(FaultyRelay relay, BouncyCastlePeer peer, DtlsTransport transport, RecordOpener opener, RecordSealer sealer, bool isUntidy)
    {
        relay.Set(isUntidy ? Untidy : DatagramFaults.None);
        var theirs = Enumerable.Range(0, Records).Select(i => Text("from BouncyCastle", i)).ToHashSet(StringComparer.Ordinal);
        var ours = Enumerable.Range(0, Records).Select(i => Text("from the sealer", i)).ToHashSet(StringComparer.Ordinal);
        foreach (var text in ours)
        {
            SendSealed(sealer, Encoding.ASCII.GetBytes(text));
        }

        await BouncyCastlePeer.OnThreadAsync(() => theirs.All(text => Send(transport, text)));
        await OpenUntil(opener, "their records", (outcome, data) =>
        {
            Assert.True(outcome is RecordOutcome.Replayed or RecordOutcome.Handshake or RecordOutcome.WrongEpoch || (outcome == RecordOutcome.Data && theirs.Remove(Encoding.ASCII.GetString(data))), $"{outcome}");

            // The relay may hold the last one.
            if (theirs.Count == 1)
            {
                relay.Set(DatagramFaults.None);
            }

            return theirs.Count == 0;
        });
        relay.Set(DatagramFaults.None);
        while (ours.Count > 0)
        {
            Assert.True(ours.Remove(Encoding.ASCII.GetString(await peer.NextAsync(SafetyTimeout))), $"{ours.Count} missing");
        }
    }

    /// <summary>Each end gets what it has seen once more, and takes only what is new after it.</summary>
    private async Task AssertReplaysAreDroppedAsync(FaultyRelay relay, BouncyCastlePeer peer, DtlsTransport transport, RecordOpener opener, RecordSealer sealer)
    {
        relay.Set(DatagramFaults.None);
        SendSealed(sealer, "ours"u8);
        Assert.Equal("ours"u8.ToArray(), await peer.NextAsync(SafetyTimeout));
        await BouncyCastlePeer.OnThreadAsync(() => Send(transport, "theirs"));
        await OpenUntil(opener, "the original", (outcome, data) => outcome == RecordOutcome.Data && data.AsSpan().SequenceEqual("theirs"u8));
        var before = opener.Rejections.Replayed;

        Assert.Equal((1, 1), (relay.Replay(toServer: true), relay.Replay(toServer: false)));

        await OpenUntil(opener, "the replay", (outcome, _) => outcome == RecordOutcome.Replayed);
        Assert.Equal(before + 1, opener.Rejections.Replayed);
        SendSealed(sealer, "new"u8);
        Assert.Equal("new"u8.ToArray(), await peer.NextAsync(SafetyTimeout));
    }

    private static async Task AssertClosedAsync(BouncyCastlePeer peer)
    {
        await peer.AlertAsync(SafetyTimeout);
        Assert.Equal(AlertDescription.close_notify, peer.Alert);
    }
}
