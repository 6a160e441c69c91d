using System.Buffers.Binary;
using OrleansUem.Dtls.Native;

namespace OrleansUem.Dtls.Records;

/// <summary>
/// Seals records of one epoch: AES-GCM as in RFC 5288 §3. Single owner: one thread at a time; shares nothing with a <see cref="RecordOpener"/>. Nothing is allocated.
/// <para>
/// No nonce repeats. It is a salt of 4 bytes and an explicit part of 8, which libcrypto counts up by one for each record. The beginning is chosen so that the <see cref="RecordLimits.RecordsMax"/> nonces from there,
/// more than which a key never uses, are free of those that libssl used under the same key (<see cref="DtlsSession.TakeSealer"/>). Each record's nonce is compared with the expected one before it leaves, so a library
/// that counted otherwise would stop the sealer and not repeat a nonce.
/// </para>
/// </summary>
public sealed class RecordSealer : IDisposable
{
    /// <summary>Record header 13, explicit nonce 8, tag 16.</summary>
    public const int OverheadBytes = DtlsRecord.HeaderBytes + DtlsRecord.NonceBytes + DtlsRecord.TagBytes;

    /// <summary>Where the plaintext, and then its ciphertext, stands in a record.</summary>
    public const int PlaintextOffset = DtlsRecord.HeaderBytes + DtlsRecord.NonceBytes;

    private const byte LevelWarning = 1;
    private const byte LevelFatal = 2;

    private readonly RecordCipher _cipher;
    private readonly ulong _firstSequence;
    private readonly ulong _nonceOffset;
    private readonly ulong _end;
    private ulong _sequence;
    private bool _isBroken;

    /// <param name="cipher">Keyed; its own counter stands at <paramref name="firstNonce"/>.</param>
    /// <param name="epoch">In every header.</param>
    /// <param name="firstSequence">Sequence number of the first record.</param>
    /// <param name="firstNonce">Explicit nonce of the first record.</param>
    /// <param name="recordsMax">Records until the key is used up; less in tests.</param>
    internal RecordSealer(RecordCipher cipher, ushort epoch, ulong firstSequence, ulong firstNonce, long recordsMax = RecordLimits.RecordsMax)
    {
        _cipher = cipher;
        Epoch = epoch;
        _firstSequence = firstSequence;
        _sequence = firstSequence;
        _nonceOffset = unchecked(firstNonce - firstSequence);
        _end = firstSequence + (ulong)recordsMax;
    }

    /// <summary>The epoch in the headers.</summary>
    public ushort Epoch { get; }

    /// <summary>Records sealed.</summary>
    public long Sealed => (long)(_sequence - _firstSequence);

    /// <summary>Whether nothing more can be sealed: <see cref="RecordLimits.RecordsMax"/> is reached, or libcrypto failed.</summary>
    public bool IsUsedUp => _sequence >= _end || _isBroken;

    /// <summary>Seals application data as one record.</summary>
    /// <param name="plaintext">
    /// Up to 2^14 bytes; may be empty. It may stand at <see cref="PlaintextOffset"/> of <paramref name="record"/> already: nothing is copied then. Any other overlap is fine too.
    /// </param>
    /// <param name="record">At least <see cref="OverheadBytes"/> longer.</param>
    /// <returns>The record's length; 0 when <see cref="IsUsedUp"/>: nothing of what then stands in <paramref name="record"/> may be sent.</returns>
    /// <exception cref="ArgumentException">A length is out of its bounds.</exception>
    public int Seal(ReadOnlySpan<byte> plaintext, Span<byte> record) => Seal(ContentType.ApplicationData, plaintext, record);

    /// <summary>Seals an alert (RFC 5246 §7.2): close_notify (0) as a warning, others as fatal.</summary>
    /// <param name="alert">Its number.</param>
    /// <param name="record">At least <see cref="OverheadBytes"/> + 2 long.</param>
    /// <returns>As of <see cref="Seal(ReadOnlySpan{byte}, Span{byte})"/>.</returns>
    public int SealAlert(byte alert, Span<byte> record) => Seal(ContentType.Alert, [alert == 0 ? LevelWarning : LevelFatal, alert], record);

    /// <summary>Erases the key.</summary>
    public void Dispose() => _cipher.Dispose();

    private int Seal(ContentType type, ReadOnlySpan<byte> plaintext, Span<byte> record)
    {
        var bytes = plaintext.Length + OverheadBytes;
        if (plaintext.Length > RecordLimits.PlaintextBytesMax || record.Length < bytes)
        {
            throw new ArgumentException($"{plaintext.Length} bytes do not fit a record of {record.Length}; a record holds at most {RecordLimits.PlaintextBytesMax} and takes {OverheadBytes} more.");
        }

        if (IsUsedUp)
        {
            return 0;
        }

        plaintext.CopyTo(record[PlaintextOffset..]);
        DtlsRecord.WriteHeader(record, type, Epoch, _sequence, bytes - DtlsRecord.HeaderBytes);
        if (!_cipher.TrySeal(record[..bytes])
            || BinaryPrimitives.ReadUInt64BigEndian(record[DtlsRecord.HeaderBytes..]) != unchecked(_sequence + _nonceOffset))
        {
            _isBroken = true;
            record[..bytes].Clear();
            return 0;
        }

        _sequence++;
        return bytes;
    }
}
