using System.Runtime.InteropServices;
using OrleansUem.Transport.Native;

namespace OrleansUem.Transport.Datagrams;

/// <summary>Lets one thread wait for datagrams on up to 63 sockets, and any thread wake it.</summary>
public sealed class DatagramWaiter : IDisposable
{
    /// <summary>Sockets of one waiter.</summary>
    public const int SocketsMax = 63;

    private readonly WakeEvent _wake = new();

    /// <summary>Waits until a socket has something, <see cref="Wake"/> is called or the time is over.</summary>
    /// <param name="sockets">At most <see cref="SocketsMax"/>.</param>
    /// <param name="timeout">Whole milliseconds; infinite: no limit.</param>
    /// <returns>A bit for each socket that has something, or is closed; none when it was woken or the time is over.</returns>
    public ulong Wait(ReadOnlySpan<UdpBatchSocket> sockets, TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sockets.Length, SocketsMax);
        Span<DescriptorCalls.PollEntry> entries = stackalloc DescriptorCalls.PollEntry[sockets.Length + 1];
        Span<bool> isKept = stackalloc bool[sockets.Length + 1];
        try
        {
            for (var i = 0; i < sockets.Length; i++)
            {
                entries[i] = Keep(sockets[i].Handle, ref isKept[i]);
            }

            entries[sockets.Length] = Keep(_wake.Descriptor, ref isKept[sockets.Length]);
            return Poll(entries, sockets.Length, timeout);
        }
        catch (ObjectDisposedException)
        {
            // A socket, or this, was disposed before the wait began; the next receive call says which.
            return ulong.MaxValue >> 1;
        }
        finally
        {
            for (var i = 0; i < sockets.Length; i++)
            {
                Release(sockets[i].Handle, isKept[i]);
            }

            Release(_wake.Descriptor, isKept[sockets.Length]);
        }
    }

    /// <summary>Ends the wait that is under way, or the next one.</summary>
    public void Wake()
    {
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    private ulong Poll(Span<DescriptorCalls.PollEntry> entries, int sockets, TimeSpan timeout)
    {
        var milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue);
        if (DescriptorCalls.Poll(entries, (nuint)entries.Length, milliseconds) <= 0)
        {
            // The time is over, or a signal came: the caller looks at the clock either way.
            return 0;
        }

        if (entries[sockets].ReturnedEvents != 0)
        {
            _wake.Clear();
        }

        var ready = 0UL;
        for (var i = 0; i < sockets; i++)
        {
            ready |= entries[i].ReturnedEvents != 0 ? 1UL << i : 0;
        }

        return ready;
    }

    // The number must not be given to another descriptor while poll has it.
    private static DescriptorCalls.PollEntry Keep(SafeHandle handle, ref bool isKept)
    {
        handle.DangerousAddRef(ref isKept);
        return new DescriptorCalls.PollEntry { Descriptor = (int)handle.DangerousGetHandle(), Events = DescriptorCalls.PollIn };
    }

    private static void Release(SafeHandle handle, bool isKept)
    {
        if (isKept)
        {
            handle.DangerousRelease();
        }
    }
}
