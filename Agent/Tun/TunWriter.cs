using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// What one thread has for the TUN and not written yet. Packets that came together are joined where the device takes super-packets, and written by <see cref="Flush"/>, which the
/// owner calls at the end of what one receive brought: nothing is held by time. Without offloads each packet is written at once. One owner.
/// </summary>
public sealed class TunWriter
{
    private readonly ITunDevice _tun;
    private readonly PacketCoalescer? _coalescer;
    private TunWriterTotals _sinceFlush;

    /// <summary>Prepares a writer; several threads may have one each for the same device.</summary>
    public TunWriter(ITunDevice tun)
    {
        ArgumentNullException.ThrowIfNull(tun);
        _tun = tun;
        _coalescer = tun.Offloads.HasFlag(TunOffloads.Tcp4) ? new PacketCoalescer(tun.Offloads.HasFlag(TunOffloads.Udp)) : null;
    }

    /// <summary>Takes a packet.</summary>
    /// <param name="packet">A whole IP packet; copied before the call returns.</param>
    public void Write(ReadOnlySpan<byte> packet)
    {
        if (_coalescer is null)
        {
            Count(_tun.TryWrite(packet), 1, packet.Length);
        }
        else if (!_coalescer.TryAdd(packet))
        {
            WriteGathered(_coalescer);
            _coalescer.TryAdd(packet);
        }
    }

    /// <summary>Writes what waits.</summary>
    /// <returns>What became of the packets since the last call.</returns>
    public TunWriterTotals Flush()
    {
        if (_coalescer is { IsEmpty: false })
        {
            WriteGathered(_coalescer);
        }

        TunWriterTotals totals = _sinceFlush;
        _sinceFlush = default;
        return totals;
    }

    private void WriteGathered(PacketCoalescer coalescer)
    {
        while (coalescer.TryTake(out CoalescedPacket packet))
        {
            Count(_tun.TryWrite(packet), packet.Packets, packet.Bytes);
        }
    }

    private void Count(bool isWritten, int packets, int bytes) => _sinceFlush = isWritten
        ? _sinceFlush with { Packets = _sinceFlush.Packets + packets, Bytes = _sinceFlush.Bytes + bytes }
        : _sinceFlush with { Dropped = _sinceFlush.Dropped + packets };
}
