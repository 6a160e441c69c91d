using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Agent.Tun;

/// <summary>Copies packets between two TUN devices on two threads until it is disposed: the simplest tunnel there is. Super-packets are cut and joined again.</summary>
internal sealed class TunCopier : IDisposable
{
    private readonly ITunDevice _left;
    private readonly ITunDevice _right;
    private readonly Thread _leftToRight;
    private readonly Thread _rightToLeft;

    public TunCopier(ITunDevice left, ITunDevice right)
    {
        (_left, _right) = (left, right);
        _leftToRight = Start(left, right);
        _rightToLeft = Start(right, left);
    }

    public void Dispose()
    {
        _left.Stop();
        _right.Stop();
        _leftToRight.Join();
        _rightToLeft.Join();
    }

    private static Thread Start(ITunDevice from, ITunDevice to)
    {
        Thread thread = new(() =>
        {
            byte[] buffer = new byte[from.ReadBytesMax];
            TunWriter writer = new(to);
            while (from.WaitReadable())
            {
                while (from.TryRead(buffer, out VirtioNetHeader offload, out int bytes))
                {
                    if (PacketSegmenter.TryCreate(offload, buffer.AsSpan(0, bytes), out PacketSegmenter packets) == DropReason.Unspecified)
                    {
                        while (packets.MoveNext())
                        {
                            writer.Write(packets.Current);
                        }
                    }
                }

                writer.Flush();
            }
        })
        { IsBackground = true, Name = "copy " + from.Name };
        thread.Start();
        return thread;
    }
}
