using OrleansUem.Agent.Uplink;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>
/// <c>uem load edge</c>: what forwarding costs an edge between many device sessions and one node, all over UDP on loopback. Silo, edge and peers are in this process, and the CPU time of
/// the edge's own receive threads is what counts: how fast the peers are does not matter. On loopback the sender's thread carries a datagram all the way into the receiver's
/// socket and wakes it, so that work is in the edge's sends and not in its receives; the last line says how much of the line before it that is.
/// </summary>
public static class EdgeLoad
{
    public const int DevicesMax = 2_000;
    public const int SecondsMax = 60;

    private const int BulkPayloadBytes = 1_436; // a packet of 1,399 bytes in its record
    private const int SmallPayloadBytes = 237; // one of 200
    private const int BatchFrames = 45;
    private const int ConcurrentSetUps = 8;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Sets everything up and measures.</summary>
    /// <param name="devices">Device sessions, each with a tunnel, 1..<see cref="DevicesMax"/>. The node certifies ten a second.</param>
    /// <param name="seconds">Length of each measurement.</param>
    /// <param name="progress">A line for each step and result.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task RunAsync(int devices, int seconds, Action<string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        Require(devices is >= 1 and <= DevicesMax, $"--devices {devices} is out of range: 1 to {DevicesMax}.");
        Require(seconds is >= 1 and <= SecondsMax, $"--seconds {seconds} is out of range: 1 to {SecondsMax}.");
        await using var relay = await LocalRelay.StartAsync(databaseFile: null, cancellationToken);
        await using var fleet = new DeviceFleet();
        progress($"enrolling {devices} devices");
        await fleet.EnrolAsync(relay.NodeState, relay.ForDevices, devices, cancellationToken);
        await using var paths = await PathSetUps.StartAsync(relay.ForDevices, relay.NodeState, relay.NewFolder("provers"), cancellationToken);
        await relay.StopNodeAsync();
        await using var node = new RawPeer(relay.NodeState, PeerRole.Node);
        await node.StartAsync(cancellationToken);
        progress("opening their tunnels");
        var peers = new RawPeer[devices];
        try
        {
            await Parallel.ForAsync(0, devices, new ParallelOptions { MaxDegreeOfParallelism = ConcurrentSetUps, CancellationToken = cancellationToken }, async (i, token) =>
            {
                peers[i] = new RawPeer(fleet.StateOf(i), PeerRole.Device);
                await peers[i].StartAsync(token);
            });
            using var counters = new EdgeCounters();
            var length = TimeSpan.FromSeconds(seconds);
            foreach (var (what, send) in Loads(node, peers))
            {
                await RunAsync(send, WarmUp, cancellationToken);
                var (frames, bytes) = counters.Read();
                var cpu = EdgeThreads.CpuTime();
                await RunAsync(send, length, cancellationToken);
                var after = counters.Read();
                progress(EdgeThreads.Describe(what, after.Frames - frames, after.Bytes - bytes, EdgeThreads.CpuTime() - cpu));
            }

            await RunLongAsync(() => paths.Run(WarmUp, cancellationToken));
            var before = EdgeThreads.CpuTime();
            var proven = await RunLongAsync(() => paths.Run(length, cancellationToken));
            progress(EdgeThreads.Describe("addresses proven, two probes and acks each", proven, EdgeThreads.CpuTime() - before));
            progress(await RunLongAsync(() => RunBare(devices, length, cancellationToken)));
        }
        finally
        {
            await Task.WhenAll(peers.OfType<RawPeer>().Select(peer => peer.DisposeAsync().AsTask()));
        }
    }

    // Each returns an action that sends once; it is called until the time is over.
    private static IEnumerable<(string What, Action<FrameBatch> Send)> Loads(RawPeer node, RawPeer[] devices)
    {
        var bulk = new byte[BulkPayloadBytes];
        var small = new byte[SmallPayloadBytes];
        Channel[] ofNode = [.. node.Channels];
        Channel[] ofDevices = [.. devices.Select(device => device.Channels.First())];
        var turn = 0;
        yield return ("bulk to the node, runs of 45", batch => Send(devices[Next()].Session, batch, BatchFrames, bulk, () => ofDevices[turn]));
        yield return ("bulk to the devices, runs of 45", batch => SendRun(ofNode[Next()], batch));
        yield return ("200 B to the node, one from each device", batch => Send(devices[Next()].Session, batch, 1, small, () => ofDevices[turn]));
        yield return ("200 B to the devices, one to each", batch => Send(node.Session, batch, BatchFrames, small, () => ofNode[Next()]));

        int Next() => turn = (turn + 1) % devices.Length;
        void SendRun(Channel channel, FrameBatch batch) => Send(node.Session, batch, BatchFrames, bulk, () => channel);
    }

    private static string RunBare(int receivers, TimeSpan length, CancellationToken cancellationToken)
    {
        using var bare = new BareSend(receivers);
        bare.Run(SmallPayloadBytes + FrameLimits.HeaderBytes, WarmUp, cancellationToken);
        var (sent, cpu) = bare.Run(SmallPayloadBytes + FrameLimits.HeaderBytes, length, cancellationToken);
        return EdgeThreads.Describe("the kernel's sends alone, 200 B, one to each", sent, sent * SmallPayloadBytes, cpu);
    }

    private static void Send(IUplinkSession session, FrameBatch batch, int frames, byte[] payload, Func<Channel> channel)
    {
        batch.Clear();
        for (var i = 0; i < frames; i++)
        {
            batch.TryAdd(channel(), payload);
        }

        session.SendFrames(batch, mayWait: true);
    }

    private static Task<bool> RunAsync(Action<FrameBatch> send, TimeSpan length, CancellationToken cancellationToken) => RunLongAsync(
        () =>
        {
            var batch = new FrameBatch();
            var startedAt = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(startedAt) < length && !cancellationToken.IsCancellationRequested)
            {
                send(batch);
            }

            return true;
        });

    // On a thread of its own, so that it takes none of the pool's from the peers.
    private static Task<T> RunLongAsync<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException(fault);
        }
    }
}
