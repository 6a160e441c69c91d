using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>The thread that drains the TUN into the tunnels. It blocks in the kernel when there is nothing, so it belongs to no pool.</summary>
internal static class TunReader
{
    /// <summary>Starts the thread.</summary>
    /// <param name="tun">The device.</param>
    /// <param name="forwarder">Gets the packets.</param>
    /// <param name="metrics">Counts what sessions drop.</param>
    /// <param name="onFault">Called when the device fails: a node without its TUN is to stop.</param>
    /// <returns>Ends when the device is stopped; faults when the device does.</returns>
    public static Task Start(ITunDevice tun, PacketForwarder forwarder, NodeMetrics metrics, Action onFault)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(tun, forwarder, metrics, onFault, ended)) { IsBackground = true, Name = "uem-node-tun" };
        thread.Start();
        return ended.Task;
    }

    private static void Run(ITunDevice tun, PacketForwarder forwarder, NodeMetrics metrics, Action onFault, TaskCompletionSource ended)
    {
        try
        {
            var packet = new byte[tun.MtuBytes];
            var batch = new SendBatch(dropped => metrics.Drop(DropReason.QueueFull, dropped));
            while (tun.WaitReadable())
            {
                while (tun.TryRead(packet, out var bytes))
                {
                    forwarder.FromTun(packet.AsSpan(0, bytes), batch);
                }

                batch.Flush();
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
}
