using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// Reads a TUN until it is stopped: takes what there is without blocking into a <see cref="TunBacklog"/>, hands it on in the backlog's order, lets the owner send what was gathered when nothing is left, and waits in the
/// kernel. The calling thread is blocked most of the time, so it belongs to no pool.
/// </summary>
public sealed class TunPump
{
    /// <summary>What is read in one go, so that what waits is seen to wait here; more than is handed on in one go, so that a queue comes here and does not stay in the kernel.</summary>
    private const int ReadBytesInARow = 256 * 1024;
    private const int ReadPacketsInARow = 256;

    /// <summary>What is handed on before the next reads: one super-packet, or so many small packets that a read that finds nothing costs little.</summary>
    private const int TakeBytesInARow = 32 * 1024;

    private readonly ITunDevice _tun;
    private readonly ITunPackets _packets;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly TunBacklog _backlog;

    private TunPump(ITunDevice tun, ITunPackets packets, TimeProvider time)
    {
        _tun = tun;
        _packets = packets;
        _time = time;
        _origin = time.GetTimestamp();
        _backlog = new TunBacklog(tun.ReadBytesMax);
    }

    /// <summary>Runs on the calling thread; returns when the device is stopped.</summary>
    /// <param name="tun">The device.</param>
    /// <param name="packets">Takes the packets.</param>
    /// <param name="time">The clock by which a standing queue is known.</param>
    /// <exception cref="IOException">The device failed.</exception>
    public static void Run(ITunDevice tun, ITunPackets packets, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(tun);
        ArgumentNullException.ThrowIfNull(packets);
        ArgumentNullException.ThrowIfNull(time);
        new TunPump(tun, packets, time).Run();
    }

    private void Run()
    {
        do
        {
            do
            {
                var now = _time.GetElapsedTime(_origin);
                Read(now);
                HandOn(now);
            }
            while (!_backlog.IsEmpty);
            _packets.OnDrained();
        }
        while (_tun.WaitReadable());
    }

    private void Read(TimeSpan now)
    {
        var bytesRead = 0;
        for (var i = 0; i < ReadPacketsInARow && bytesRead < ReadBytesInARow; i++)
        {
            if (!_backlog.TryGetRoom(out var room) || !_tun.TryRead(room, out var offload, out var bytes))
            {
                return;
            }

            _backlog.Keep(offload, bytes, now);
            bytesRead += bytes;
        }
    }

    private void HandOn(TimeSpan now)
    {
        var bytes = 0;
        while (bytes < TakeBytesInARow && _backlog.TryTake(now, out var packet, out var offload, out var isTooMuch))
        {
            bytes += packet.Length;
            var drop = PacketSegmenter.TryCreate(offload, packet, out var segmenter);
            if (isTooMuch)
            {
                // One of many says as much to the sender as all of them.
                segmenter.MoveNext();
                drop = drop == DropReason.Unspecified && segmenter.Count == 1 ? DropReason.StandingQueue : drop;
            }

            if (drop == DropReason.Unspecified)
            {
                _packets.OnPackets(ref segmenter);
            }

            if (drop != DropReason.Unspecified || isTooMuch)
            {
                _packets.OnDropped(drop == DropReason.Unspecified ? DropReason.StandingQueue : drop);
            }
        }
    }
}
