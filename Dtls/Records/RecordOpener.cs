using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls.Records;

/// <summary>
/// Opens the peer's records of one epoch: AES-GCM as in RFC 5288 §3, a replay window, and silence towards whatever does not authenticate (RFC 6347 §4.1.2.7). Single owner: one thread at a time;
/// shares nothing with a <see cref="RecordSealer"/>. Nothing a peer sends makes a method throw, and nothing is allocated.
/// </summary>
public sealed class RecordOpener : IDisposable
{
    private const byte LevelWarning = 1;
    private const byte LevelFatal = 2;
    private const byte CloseNotify = 0;

    private readonly RecordCipher _cipher;
    private readonly long _forgeriesMax;
    private ReplayWindow _window = new();
    private long _replayed;
    private long _notAuthentic;
    private long _wrongEpoch;
    private long _malformed;

    internal RecordOpener(RecordCipher cipher, ushort epoch, long forgeriesMax = RecordLimits.ForgeriesMax)
    {
        _cipher = cipher;
        Epoch = epoch;
        _forgeriesMax = forgeriesMax;
    }

    /// <summary>The epoch whose records this opens.</summary>
    public ushort Epoch { get; }

    /// <summary>Records opened, of any type.</summary>
    public long Opened { get; private set; }

    /// <summary>The highest sequence number that authenticated: about how often the peer has used its key.</summary>
    public long HighestSequence => (long)_window.Highest;

    /// <summary>What was dropped.</summary>
    public RecordRejections Rejections => new(_replayed, _notAuthentic, _wrongEpoch, _malformed);

    /// <summary>Records that failed authentication; part of <see cref="Rejections"/>.</summary>
    public long Forgeries => _notAuthentic;

    /// <summary>Number of the last fatal alert of the peer (RFC 5246 §7.2); <see cref="DtlsAlerts"/> has its name.</summary>
    public byte? PeerAlert { get; private set; }

    /// <summary>Whether <see cref="RecordLimits.ForgeriesMax"/> is reached: every further record is dropped unopened.</summary>
    public bool IsUsedUp => _notAuthentic >= _forgeriesMax;

    /// <summary>Opens one record where it stands.</summary>
    /// <param name="record">Header and body, as <see cref="DtlsRecord.TryTake"/> cuts them. The body is overwritten, with zeros when it does not authenticate.</param>
    /// <param name="plaintext">Part of <paramref name="record"/>; empty unless the outcome is Data.</param>
    public RecordOutcome Open(Span<byte> record, out Span<byte> plaintext)
    {
        plaintext = default;
        ReadOnlySpan<byte> rest = record;
        if (!DtlsRecord.TryTake(ref rest, out var header) || !rest.IsEmpty)
        {
            _malformed++;
            return RecordOutcome.Malformed;
        }

        var type = header.Type;
        if (type is ContentType.Handshake or ContentType.ChangeCipherSpec)
        {
            return RecordOutcome.Handshake;
        }

        if (header.Epoch != Epoch)
        {
            _wrongEpoch++;
            return RecordOutcome.WrongEpoch;
        }

        var plaintextBytes = record.Length - RecordSealer.OverheadBytes;
        if (type is not (ContentType.ApplicationData or ContentType.Alert) || plaintextBytes is < 0 or > RecordLimits.PlaintextBytesMax)
        {
            _malformed++;
            return RecordOutcome.Malformed;
        }

        if (IsUsedUp)
        {
            return RecordOutcome.KeyUsedUp;
        }

        var sequence = header.Sequence;
        if (!_window.MayBeNew(sequence))
        {
            _replayed++;
            return RecordOutcome.Replayed;
        }

        if (!_cipher.TryOpen(record))
        {
            _notAuthentic++;
            return RecordOutcome.NotAuthentic;
        }

        _window.Note(sequence);
        Opened++;
        plaintext = record.Slice(RecordSealer.PlaintextOffset, plaintextBytes);
        return type == ContentType.ApplicationData ? RecordOutcome.Data : TakeAlert(ref plaintext);
    }

    /// <summary>Opens one record of memory that must stay as it is.</summary>
    /// <param name="record">Header and body.</param>
    /// <param name="buffer">At least as long as the record.</param>
    /// <param name="plaintext">Part of <paramref name="buffer"/>; empty unless the outcome is Data.</param>
    public RecordOutcome Open(ReadOnlySpan<byte> record, Span<byte> buffer, out Span<byte> plaintext)
    {
        record.CopyTo(buffer);
        return Open(buffer[..record.Length], out plaintext);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose() => _cipher.Dispose();

    private RecordOutcome TakeAlert(ref Span<byte> body)
    {
        var alert = body;
        body = default;
        if (alert.Length != 2 || alert[0] is not (LevelWarning or LevelFatal))
        {
            _malformed++;
            return RecordOutcome.Malformed;
        }

        if (alert[1] == CloseNotify)
        {
            return RecordOutcome.CloseNotify;
        }

        if (alert[0] == LevelWarning)
        {
            return RecordOutcome.Warning;
        }

        PeerAlert = alert[1];
        return RecordOutcome.FatalAlert;
    }
}
