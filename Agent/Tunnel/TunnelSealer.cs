using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// The sending half of a tunnel's data path: the sealer of the newest keys under a lock of its own, so that packets are sealed beside everything else that a tunnel does. The lock is held for one record at a time and
/// is contended only where a control payload meets a packet. Nothing is called from inside it.
/// </summary>
internal sealed class TunnelSealer(TunnelKeyLimits limits)
{
    private readonly Lock _lock = new();
    private RecordSealer? _sealer;
    private int _mtuBytes;
    private bool _isAwake;
    private long _wornAt;
    private long _packets;
    private long _packetBytes;

    public long Packets => Volatile.Read(ref _packets);

    public long PacketBytes => Volatile.Read(ref _packetBytes);

    /// <summary>Seals a packet.</summary>
    /// <param name="packet">At most the agreed MTU.</param>
    /// <param name="record">With room for it and <see cref="RecordSealer.OverheadBytes"/>.</param>
    /// <param name="recordBytes">The record's length; 0 when there is none.</param>
    /// <param name="notice">To be acted on afterwards.</param>
    /// <returns>Unspecified, or why there is no record.</returns>
    public DropReason TrySeal(ReadOnlySpan<byte> packet, Span<byte> record, out int recordBytes, out DataPathNotice notice)
    {
        lock (_lock)
        {
            recordBytes = 0;
            var drop = Judge(packet.Length, out notice);
            return drop == DropReason.Unspecified ? Seal(packet, 1, record, out recordBytes, out notice) : drop;
        }
    }

    /// <summary>Seals packets of one flow as one record: the first one, and those after it for which there is room.</summary>
    /// <param name="packets">Its current packet is the first; afterwards the first that was not taken, empty when all were.</param>
    /// <param name="record">With room for the first one and <see cref="RecordSealer.OverheadBytes"/>.</param>
    /// <param name="recordBytes">The record's length; 0 when there is none.</param>
    /// <param name="taken">What was taken: nothing that is refused, unless libcrypto failed.</param>
    /// <param name="notice">To be acted on afterwards.</param>
    /// <returns>Unspecified, or why there is no record.</returns>
    public DropReason TrySeal(scoped ref PacketSegmenter packets, Span<byte> record, out int recordBytes, out TakenPackets taken, out DataPathNotice notice)
    {
        lock (_lock)
        {
            (recordBytes, taken) = (0, default);
            var drop = Judge(packets.PacketBytesMax, out notice);
            if (drop != DropReason.Unspecified)
            {
                return drop;
            }

            var room = record[RecordSealer.PlaintextOffset..^(RecordSealer.OverheadBytes - RecordSealer.PlaintextOffset)];
            var (count, bytes) = (0, 0);
            do
            {
                packets.Current.CopyTo(room[bytes..]);
                bytes += packets.Current.Length;
                count++;
            }
            while (packets.MoveNext() && bytes + packets.Current.Length <= room.Length);
            taken = new TakenPackets(count, bytes);
            return Seal(room[..bytes], count, record, out recordBytes, out notice);
        }
    }

    /// <summary>Seals a control payload.</summary>
    /// <returns>The record's length; 0 when there are no keys or they are used up.</returns>
    public int SealControl(ReadOnlySpan<byte> plaintext, Span<byte> record)
    {
        lock (_lock)
        {
            return _sealer?.Seal(plaintext, record) ?? 0;
        }
    }

    /// <summary>Seals with other keys from now on and erases the former.</summary>
    public void Switch(RecordSealer sealer)
    {
        lock (_lock)
        {
            _sealer?.Dispose();
            _sealer = sealer;
            _wornAt = limits.RecordsBeforeRekey;
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

    /// <summary>The watch of the far end rests: the next packet is to say so. False when a packet was sent meanwhile.</summary>
    /// <param name="packets">As they were when the watch decided.</param>
    public bool TryRest(long packets)
    {
        lock (_lock)
        {
            _isAwake = _packets != packets;
            return !_isAwake;
        }
    }

    /// <summary>Erases the keys; nothing is sealed any more.</summary>
    public void Erase()
    {
        lock (_lock)
        {
            _mtuBytes = 0;
            _sealer?.Dispose();
            _sealer = null;
        }
    }

    private DropReason Judge(int packetBytes, out DataPathNotice notice)
    {
        notice = DataPathNotice.None;
        if (_sealer is not { } sealer || _mtuBytes == 0)
        {
            return DropReason.NoTunnel;
        }

        if (packetBytes > _mtuBytes)
        {
            return DropReason.Oversize;
        }

        if (sealer.IsUsedUp || sealer.Sealed >= limits.PacketsMax)
        {
            notice = DataPathNotice.UsedUp;
            return DropReason.NoTunnel;
        }

        return DropReason.Unspecified;
    }

    private DropReason Seal(ReadOnlySpan<byte> content, int packets, Span<byte> record, out int recordBytes, out DataPathNotice notice)
    {
        notice = DataPathNotice.None;
        recordBytes = _sealer!.Seal(content, record);
        if (recordBytes == 0)
        {
            notice = DataPathNotice.UsedUp;
            return DropReason.NoTunnel;
        }

        _packets += packets;
        _packetBytes += content.Length;
        if (!_isAwake)
        {
            _isAwake = true;
            notice = DataPathNotice.Woke;
        }

        if (_sealer.Sealed >= _wornAt)
        {
            // Said again later, if nothing came of it.
            _wornAt += limits.Reminder;
            notice |= DataPathNotice.Worn;
        }

        return DropReason.Unspecified;
    }
}
