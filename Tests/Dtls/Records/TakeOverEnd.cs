using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>One end of a session that takes its records over as soon as it may, as every user of the take-over has to.</summary>
internal sealed class TakeOverEnd(DtlsSession session, SimulatedLink link, bool toServer) : IDisposable
{
    private readonly byte[] _buffer = new byte[2_000];

    public DtlsSession Session { get; } = session;

    public RecordOpener? Opener { get; private set; }

    public RecordSealer? Sealer { get; private set; }

    public List<byte[]> Received { get; } = [];

    /// <summary>Handshake records that came when nobody was left to take them.</summary>
    public int LateHandshakeRecords { get; private set; }

    public TimeSpan? NextTimeout => Session.NextTimeout;

    public void Send(params byte[] plaintext)
    {
        var record = new byte[plaintext.Length + RecordSealer.OverheadBytes];
        Sealer!.Seal(plaintext, record);
        link.Send(record, toServer);
    }

    public void Receive(ReadOnlySpan<byte> datagram)
    {
        if (Opener is null)
        {
            Session.Receive(datagram, _buffer, link.Now);
            TakeWhatIsReady();
            return;
        }

        while (DtlsRecord.TryTake(ref datagram, out var record))
        {
            switch (Opener.Open(record.Bytes, _buffer, out var plaintext))
            {
                case RecordOutcome.Data:
                    Sealer ??= Session.TakeSealer();
                    Received.Add(plaintext.ToArray());
                    break;
                case RecordOutcome.Handshake when Session.State == DtlsState.Established:
                    Session.Receive(record.Bytes, _buffer, link.Now);
                    break;
                case RecordOutcome.Handshake:
                    LateHandshakeRecords++;
                    break;
                default:
                    break;
            }
        }
    }

    public void HandleTimeout()
    {
        if (Session.State == DtlsState.Handshaking)
        {
            Session.HandleTimeout(link.Now);
        }
    }

    public void Dispose()
    {
        Opener?.Dispose();
        Sealer?.Dispose();
    }

    private void TakeWhatIsReady()
    {
        if (Session.State == DtlsState.Established)
        {
            Opener = Session.TakeOpener();
            Sealer = Session.Role == DtlsRole.Client ? Session.TakeSealer() : null;
        }
    }
}
