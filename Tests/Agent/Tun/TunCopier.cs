using OrleansUem.Agent.Tun;

namespace OrleansUem.Tests.Agent.Tun;

/// <summary>Copies packets between two TUN devices on two threads until it is disposed: the simplest tunnel there is.</summary>
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
            byte[] packet = new byte[65536];
            while (from.WaitReadable())
            {
                while (from.TryRead(packet, out int bytes))
                {
                    to.TryWrite(packet.AsSpan(0, bytes));
                }
            }
        })
        { IsBackground = true, Name = "copy " + from.Name };
        thread.Start();
        return thread;
    }
}
