using System.Buffers.Binary;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Devices that make the edge answer and never read: PING after PING until the edge has had enough.</summary>
internal sealed class SlowReaders : IHostileAttack
{
    private const int Devices = 4;
    private const int PingsAtOnce = 1_000;
    private const int WritesMax = 20_000;

    public string Name => "slow-readers";

    public string Summary => "attached devices that ask and never read the answers";

    public IReadOnlyList<string> Refusals => ["session_ends/SlowReader"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var pings = new byte[PingsAtOnce * (FrameLimits.HeaderBytes + FrameLimits.PingBytes)];
        var one = HostilePeer.Frame(FrameType.Ping, Channel.Session, new byte[FrameLimits.PingBytes]);
        for (var i = 0; i < PingsAtOnce; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(one.AsSpan(FrameLimits.HeaderBytes), i);
            one.CopyTo(pings, i * one.Length);
        }

        var sent = 0L;
        for (var number = 0; number < Devices; number++)
        {
            var device = await target.EnrolAsync(cancellationToken);
            var (peer, _) = await HostilePeer.AttachAsync(target, number, device, cancellationToken);
            await using var held = peer;
            try
            {
                for (var i = 0; i < WritesMax; i++)
                {
                    await peer.SendAsync(pings, cancellationToken);
                    sent += PingsAtOnce;
                }
            }
            catch (IOException)
            {
                // Expected: the edge ended the session.
            }
        }

        return sent;
    }
}
