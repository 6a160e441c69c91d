using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Forwarding;

/// <summary>The thread that drains the TUN into the tunnels. It blocks in the kernel when there is nothing, so it belongs to no pool.</summary>
internal sealed class TunReader : ITunPackets
{
    private readonly PacketForwarder _forwarder;
    private readonly NodeMetrics _metrics;
    private readonly SendBatch _batch;

    private TunReader(PacketForwarder forwarder, NodeMetrics metrics)
    {
        _forwarder = forwarder;
        _metrics = metrics;
        _batch = new SendBatch(dropped => metrics.Drop(DropReason.QueueFull, dropped), mayWait: true);
    }

    /// <summary>Starts the thread.</summary>
    /// <param name="tun">The device.</param>
    /// <param name="forwarder">Gets the packets.</param>
    /// <param name="metrics">Counts what sessions drop.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onFault">Called when the device fails: a node without its TUN is to stop.</param>
    /// <returns>Ends when the device is stopped; faults when the device does.</returns>
    public static Task Start(ITunDevice tun, PacketForwarder forwarder, NodeMetrics metrics, TimeProvider time, Action onFault)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(tun, new TunReader(forwarder, metrics), time, onFault, ended)) { IsBackground = true, Name = "uem-node-tun" };
        thread.Start();
        return ended.Task;
    }

    public void OnPackets(scoped ref PacketSegmenter packets) => _forwarder.FromTun(ref packets, _batch);

    public void OnDropped(DropReason reason) => _metrics.Drop(reason);

    public void OnDrained() => _batch.Flush();

    private static void Run(ITunDevice tun, TunReader reader, TimeProvider time, Action onFault, TaskCompletionSource ended)
    {
        try
        {
            TunPump.Run(tun, reader, time);
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
