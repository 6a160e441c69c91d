using System.Net;
using System.Net.Sockets;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Probes of a real session's path, sent again from other addresses, with their MAC damaged, and data with a guessed address.</summary>
internal sealed class ReplayedProbes : IHostileAttack
{
    public string Name => "replays";

    public string Summary => "probes of a real path again from many addresses, and forged ones";

    public IReadOnlyList<string> Refusals => ["frames_dropped/ReplayedProbe", "frames_dropped/ForgedProbe"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var (peer, attached) = await HostilePeer.AttachAsync(target, 0, device, cancellationToken);
        await using var held = peer;
        var keys = new PathKeys(attached.Udp.Secret.Span);
        using var own = Open(target, 0);
        var probe = Probe(attached.Udp, keys, counter: 2);
        await own.SendAsync(probe, SocketFlags.None, cancellationToken);
        var ack = new byte[PathLimits.DatagramBytesMax];
        _ = await own.ReceiveAsync(ack, SocketFlags.None, cancellationToken);
        var older = Probe(attached.Udp, keys, counter: 1);
        var forged = Probe(attached.Udp, keys, counter: 3);
        forged[^1] ^= 1;
        forged[40] ^= 1; // inside the MAC
        var sockets = Enumerable.Range(1, Math.Min(200, target.Options.Addresses)).Select(number => Open(target, number)).ToArray();
        try
        {
            for (var i = 0; i < target.Options.Frames; i++)
            {
                await sockets[i % sockets.Length].SendAsync((i % 3) switch { 0 => probe, 1 => older, _ => forged }, SocketFlags.None, cancellationToken);
            }
        }
        finally
        {
            Array.ForEach(sockets, socket => socket.Dispose());
        }

        return target.Options.Frames;
    }

    private static byte[] Probe(UdpPath offer, PathKeys keys, ulong counter)
    {
        var probe = new byte[1_000];
        new PathDatagram(PathDatagramType.Probe, probe.Length, offer.PathId, counter, 0).Write(probe, keys.Probe);
        return probe;
    }

    private static Socket Open(HostileTarget target, int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(target.Source(number), 0));
        socket.Connect(target.DevicesUdp);
        return socket;
    }
}
