using System.Buffers.Binary;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport.Datagrams;

/// <summary>Cuts the frames of a <see cref="FrameBatch"/> into runs that leave as datagrams with one call: frames of one size, and one shorter last.</summary>
public ref struct FrameRuns
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="frames">Whole frames back to back.</param>
    public FrameRuns(ReadOnlySpan<byte> frames) => _rest = frames;

    /// <summary>The frames of the run, back to back.</summary>
    public ReadOnlySpan<byte> Run { get; private set; }

    /// <summary>Size of its first frame, and of all but the last.</summary>
    public int SegmentBytes { get; private set; }

    /// <summary>How many frames it has.</summary>
    public int Count { get; private set; }

    /// <summary>Goes to the next run.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        SegmentBytes = FrameBytes(_rest);
        Count = 1;
        var bytes = SegmentBytes;
        while (bytes < _rest.Length && Count < UdpBatchSocket.SegmentsMax)
        {
            var next = FrameBytes(_rest[bytes..]);
            if (next > SegmentBytes || bytes + next > UdpBatchSocket.RunBytesMax)
            {
                break;
            }

            bytes += next;
            Count++;
            if (next < SegmentBytes)
            {
                break;
            }
        }

        Run = _rest[..bytes];
        _rest = _rest[bytes..];
        return true;
    }

    private static int FrameBytes(ReadOnlySpan<byte> frames) => FrameLimits.HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(frames[2..]);
}
