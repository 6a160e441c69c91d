using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// The receiving half of a tunnel's data path: the openers of one or two epochs under a lock of their own, held for one record at a time. It is contended only while a channel's datagrams come over two paths at once.
/// Nothing is called from inside it.
/// </summary>
internal sealed class TunnelOpener(TunnelKeyLimits limits)
{
    private readonly Lock _lock = new();
    private RecordOpener? _current;
    private RecordOpener? _next;
    private int _mtuBytes;
    private bool _isReady;
    private long _wornAt = limits.RecordsBeforeRekey;
    private long _forgedAt = limits.ForgeriesBeforeRekey;
    private long _records;
    private long _packets;
    private long _packetBytes;

    /// <summary>Whether the handshake is over here: datagrams are records for this class.</summary>
    public bool IsReady => Volatile.Read(ref _isReady);

    /// <summary>The largest packet; 0 before the tunnel is up.</summary>
    public int MtuBytes => Volatile.Read(ref _mtuBytes);

    /// <summary>Records that authenticated.</summary>
    public long Records => Volatile.Read(ref _records);

    public long Packets => Volatile.Read(ref _packets);

    public long PacketBytes => Volatile.Read(ref _packetBytes);

    /// <summary>Opens one record.</summary>
    /// <param name="record">As it came.</param>
    /// <param name="buffer">At least as long.</param>
    /// <param name="plaintext">Part of <paramref name="buffer"/>; empty unless the outcome is Data.</param>
    /// <param name="isPackets">Whether it is packets for the TUN, back to back; what else is data goes to the <see cref="TunnelMachine"/>.</param>
    /// <param name="notice">To be acted on before the plaintext is.</param>
    public RecordOutcome Open(in DtlsRecord record, Span<byte> buffer, out ReadOnlySpan<byte> plaintext, out bool isPackets, out DataPathNotice notice)
    {
        plaintext = default;
        isPackets = false;
        notice = DataPathNotice.None;
        lock (_lock)
        {
            if ((_next is { } next && next.Epoch == record.Epoch ? next : _current) is not { } opener)
            {
                return RecordOutcome.None;
            }

            var outcome = opener.Open(record.Bytes, buffer, out var opened);
            plaintext = opened;
            if (outcome <= RecordOutcome.Warning)
            {
                _records++;
                notice = opener.Opened == 1 ? DataPathNotice.FirstOfEpoch : DataPathNotice.None;
                isPackets = _mtuBytes != 0 && TunnelCodec.IsIpv4(plaintext);
            }
            else if (outcome == RecordOutcome.KeyUsedUp)
            {
                notice = DataPathNotice.UsedUp;
            }

            // Only the newest keys can be worn: the old ones have their successors.
            if ((opener.HighestSequence >= _wornAt || opener.Forgeries >= _forgedAt) && opener == (_next ?? _current))
            {
                // Said again later, if nothing came of it.
                _wornAt += opener.HighestSequence >= _wornAt ? limits.Reminder : 0;
                _forgedAt += opener.Forgeries >= _forgedAt ? limits.Reminder : 0;
                notice |= DataPathNotice.Worn;
            }

            return outcome;
        }
    }

    /// <summary>Packets were handed on.</summary>
    public void CountPackets(int packets, int bytes)
    {
        Interlocked.Add(ref _packets, packets);
        Interlocked.Add(ref _packetBytes, bytes);
    }

    /// <summary>Number of the far end's last fatal alert.</summary>
    public byte? PeerAlert
    {
        get
        {
            lock (_lock)
            {
                return _next?.PeerAlert ?? _current?.PeerAlert;
            }
        }
    }

    /// <summary>Lets packets through.</summary>
    public void Open(int mtuBytes)
    {
        lock (_lock)
        {
            _mtuBytes = mtuBytes;
        }
    }

    /// <summary>Opens the records of a further epoch as well, or of the first.</summary>
    public void Add(RecordOpener opener)
    {
        lock (_lock)
        {
            if (_current is null)
            {
                _current = opener;
                Volatile.Write(ref _isReady, true);
                return;
            }

            _next?.Dispose();
            _next = opener;
            _wornAt = limits.RecordsBeforeRekey;
            _forgedAt = limits.ForgeriesBeforeRekey;
        }
    }

    /// <summary>Erases keys that the far end never used.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _next?.Dispose();
            _next = null;
        }
    }

    /// <summary>Erases the keys of the epoch before.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            if (_next is not null)
            {
                _current?.Dispose();
                _current = _next;
                _next = null;
            }
        }
    }

    /// <summary>Erases all keys; nothing is opened any more.</summary>
    public void Erase()
    {
        lock (_lock)
        {
            _current?.Dispose();
            _next?.Dispose();
            _current = null;
            _next = null;
        }
    }
}
