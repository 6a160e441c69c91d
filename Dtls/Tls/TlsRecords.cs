using System.Buffers.Binary;
using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls.Tls;

/// <summary>
/// The record protection of one TLS 1.3 connection after its handshake, at the server (RFC 8446 §5): both directions' keys, sequence numbers and key updates. An idle connection holds these and
/// nothing of OpenSSL. One thread may seal while another opens.
/// </summary>
public sealed class TlsRecords : IDisposable
{
    /// <summary>Type 1, version 2, length 2.</summary>
    public const int HeaderBytes = 5;

    /// <summary>The most plaintext of a record, 2^14 (§5.1).</summary>
    public const int PlaintextBytesMax = 16_384;

    /// <summary>What a record adds to its plaintext: header, the true type, tag.</summary>
    public const int OverheadBytes = HeaderBytes + 1 + AeadCipher.TagBytes;

    /// <summary>The longest body, 2^14 + 256 (§5.2).</summary>
    public const int BodyBytesMax = PlaintextBytesMax + 256;

    private const byte ApplicationData = 23;
    private const byte Alert = 21;
    private const byte Handshake = 22;
    private const byte KeyUpdate = 24;
    private const byte CloseNotify = 0;
    private const byte UserCanceled = 90;
    private const int KeyUpdateBytes = 5;

    /// <summary>Records in a row that bring no data, key updates and empty ones: OpenSSL's limit. They cost more than their bytes.</summary>
    private const int InVainMax = 32;

    private readonly TrafficKeys _client;
    private readonly TrafficKeys _server;

    // How many a key protects before a new one is due: far below the bound of a sealer (docs/decisions/0006).
    private readonly long _recordsBeforeUpdate;
    private int _inVain;
    private volatile bool _mustUpdate;
    private volatile bool _hasAsked;

    internal TlsRecords(
        RecordSuite suite, ReadOnlySpan<byte> clientSecret, ReadOnlySpan<byte> serverSecret, long recordsBeforeUpdate = RecordLimits.RecordsBeforeRekey)
    {
        _recordsBeforeUpdate = recordsBeforeUpdate;
        _client = new TrafficKeys(suite, clientSecret);
        _server = new TrafficKeys(suite, serverSecret);
    }

    /// <summary>Number of the client's last alert that ends the connection with a fault; null when there was none.</summary>
    public byte? PeerAlert { get; private set; }

    /// <summary>How long a record's body is.</summary>
    /// <param name="header"><see cref="HeaderBytes"/>.</param>
    /// <returns>-1 when it is no record of data or too long or short.</returns>
    public static int BodyBytes(ReadOnlySpan<byte> header)
    {
        var bytes = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
        return header[0] == ApplicationData && bytes is > AeadCipher.TagBytes and <= BodyBytesMax ? bytes : -1;
    }

    /// <summary>Opens one record in place.</summary>
    /// <param name="record">Header and body.</param>
    /// <param name="plaintext">Part of it; empty unless the outcome is Data.</param>
    public TlsRecordOutcome Open(Span<byte> record, out Span<byte> plaintext)
    {
        var outcome = OpenOne(record, out plaintext);
        _inVain = plaintext.IsEmpty ? _inVain + 1 : 0;
        return outcome is TlsRecordOutcome.Data or TlsRecordOutcome.Nothing && _inVain > InVainMax ? TlsRecordOutcome.Broken : outcome;
    }

    /// <summary>Seals data; before it, where one is due, a key update.</summary>
    /// <param name="plaintext">At most <see cref="PlaintextBytesMax"/>.</param>
    /// <param name="records">With room for it and twice <see cref="OverheadBytes"/> and 5 bytes more.</param>
    /// <returns>Bytes written; 0 when the keys are erased.</returns>
    public int Seal(ReadOnlySpan<byte> plaintext, Span<byte> records)
    {
        var bytes = 0;
        var asks = _client.Records >= _recordsBeforeUpdate && !_hasAsked;
        if (_mustUpdate || asks || _server.Records >= _recordsBeforeUpdate)
        {
            // OpenSSL, which most clients are, never begins an update but answers one.
            _mustUpdate = false;
            _hasAsked |= asks;
            bytes = Seal(Handshake, [KeyUpdate, 0, 0, 1, asks ? (byte)1 : (byte)0], records);
            _server.Update();
        }

        var sealedBytes = Seal(ApplicationData, plaintext, records[bytes..]);
        return sealedBytes == 0 ? 0 : bytes + sealedBytes;
    }

    /// <summary>Seals close_notify: nothing of ours follows.</summary>
    /// <param name="record">With room for <see cref="OverheadBytes"/> and 2.</param>
    /// <returns>Bytes written; 0 when the keys are erased.</returns>
    public int SealCloseNotify(Span<byte> record) => Seal(Alert, [1, CloseNotify], record);

    /// <summary>Seals a fatal alert.</summary>
    /// <param name="alert">Its number (§6).</param>
    /// <param name="record">With room for <see cref="OverheadBytes"/> and 2.</param>
    /// <returns>Bytes written; 0 when the keys are erased.</returns>
    public int SealAlert(byte alert, Span<byte> record) => Seal(Alert, [2, alert], record);

    /// <summary>Room that <see cref="Seal(ReadOnlySpan{byte}, Span{byte})"/> needs for a plaintext.</summary>
    public static int SealedBytesMax(int plaintextBytes) => plaintextBytes + OverheadBytes + OverheadBytes + KeyUpdateBytes;

    /// <summary>Erases the keys; nothing is sealed or opened any more.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private TlsRecordOutcome OpenOne(Span<byte> record, out Span<byte> plaintext)
    {
        plaintext = default;
        if (!_client.TryOpen(record[..HeaderBytes], record[HeaderBytes..]))
        {
            return TlsRecordOutcome.Broken;
        }

        // The true type stands behind the plaintext, zeros behind it are padding (§5.4).
        var text = record[HeaderBytes..^AeadCipher.TagBytes];
        var last = text.LastIndexOfAnyExcept((byte)0);
        if (last < 0 || last > PlaintextBytesMax)
        {
            return TlsRecordOutcome.Broken;
        }

        var content = text[..last];
        switch (text[last])
        {
            case ApplicationData:
                plaintext = content;
                return TlsRecordOutcome.Data;
            case Alert:
                return TakeAlert(content);
            case Handshake when content is [KeyUpdate, 0, 0, 1, 0 or 1]:
                // Nothing else of the handshake comes after it from a client; an update must end its record (§5.1).
                _client.Update();
                _hasAsked = false;
                _mustUpdate |= content[4] == 1;
                return TlsRecordOutcome.Nothing;
            default:
                return TlsRecordOutcome.Broken;
        }
    }

    private TlsRecordOutcome TakeAlert(ReadOnlySpan<byte> content)
    {
        if (content.Length != 2)
        {
            return TlsRecordOutcome.Broken;
        }

        if (content[1] is CloseNotify or UserCanceled)
        {
            return content[1] == CloseNotify ? TlsRecordOutcome.Closed : TlsRecordOutcome.Nothing;
        }

        // All others are errors, whatever level they state (§6).
        PeerAlert = content[1];
        return TlsRecordOutcome.Alert;
    }

    private int Seal(byte type, ReadOnlySpan<byte> content, Span<byte> record)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, PlaintextBytesMax);
        var bytes = content.Length + OverheadBytes;
        record = record[..bytes];
        record[0] = ApplicationData;
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], 0x0303); // legacy_record_version (§5.1)
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], (ushort)(bytes - HeaderBytes));
        content.CopyTo(record[HeaderBytes..]);
        record[HeaderBytes + content.Length] = type;
        return _server.TrySeal(record[..HeaderBytes], record[HeaderBytes..]) ? bytes : 0;
    }
}
