using OrleansUem.Agent.Tun;
using OrleansUem.Transport;

namespace OrleansUem.Node.Forwarding;

/// <summary>The thread that drains the TUN into the tunnels. It blocks in the kernel when there is nothing, so it belongs to no pool.</summary>
internal static class TunReader
{
    /// <summary>Packets before the session's write loop is woken although more wait: about three TLS records of full-size packets.</summary>
    private const int PacketsPerWake = 32;

    /// <summary>Starts the thread.</summary>
    /// <param name="tun">The device.</param>
    /// <param name="forwarder">Gets the packets.</param>
    /// <param name="onFault">Called when the device fails: a node without its TUN is to stop.</param>
    /// <returns>Ends when the device is stopped; faults when the device does.</returns>
    public static Task Start(ITunDevice tun, PacketForwarder forwarder, Action onFault)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(tun, forwarder, onFault, ended)) { IsBackground = true, Name = "uem-node-tun" };
        thread.Start();
        return ended.Task;
    }

    private static void Run(ITunDevice tun, PacketForwarder forwarder, Action onFault, TaskCompletionSource ended)
    {
        try
        {
            var packet = new byte[tun.MtuBytes];
            while (tun.WaitReadable())
            {
                while (ForwardBatch(tun, forwarder, packet))
                {
                }
            }

            ended.SetResult();
        }
        catch (Exception e)
        {
            // The top of a thread: whoever awaits its end gets the fault.
            ended.SetException(e);
            onFault();
        }
    }

    // The session's write loop is woken once for a batch, so that packets which come together share TLS records.
    private static bool ForwardBatch(ITunDevice tun, PacketForwarder forwarder, byte[] packet)
    {
        using var batch = WakeBatch.Begin();
        for (var i = 0; i < PacketsPerWake; i++)
        {
            if (!tun.TryRead(packet, out var bytes))
            {
                return false;
            }

            forwarder.FromTun(packet.AsSpan(0, bytes));
        }

        return true;
    }
}
