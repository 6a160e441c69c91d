using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>
/// The packets that came while no tunnel was up: the first of a connection, so that a TCP handshake does not wait a second for its repetition. Small and bounded;
/// the oldest goes first when it is full, and what is too old is not sent, since its sender has repeated it.
/// </summary>
internal sealed class WaitingPackets(TimeProvider time)
{
    /// <summary>Arbitrary: a browser opens a few dozen connections at once.</summary>
    public const int MaxPackets = 64;

    /// <summary>TCP repeats a SYN after 1, 3 and 7 s (RFC 6298 §2.1); older copies only make duplicates.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<(long At, byte[] Packet)> _packets = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _packets.Count;
            }
        }
    }

    /// <summary>Keeps a copy.</summary>
    /// <returns><see cref="DropReason.QueueFull"/> when an older packet had to go for it, else Unspecified.</returns>
    public DropReason Add(ReadOnlySpan<byte> packet)
    {
        lock (_gate)
        {
            var isFull = _packets.Count >= MaxPackets;
            if (isFull)
            {
                _packets.Dequeue();
            }

            _packets.Enqueue((time.GetTimestamp(), packet.ToArray()));
            return isFull ? DropReason.QueueFull : DropReason.Unspecified;
        }
    }

    /// <summary>Takes the next packet, oldest first.</summary>
    /// <param name="packet">The packet on success.</param>
    /// <param name="isTooOld">Whether it is to be dropped.</param>
    public bool TryTake(out byte[] packet, out bool isTooOld)
    {
        lock (_gate)
        {
            var found = _packets.TryDequeue(out var next);
            packet = found ? next.Packet : [];
            isTooOld = found && time.GetElapsedTime(next.At) > MaxAge;
            return found;
        }
    }
}
