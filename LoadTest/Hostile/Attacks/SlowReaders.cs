using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Devices that make the edge answer and never read: OPEN after OPEN, refused as too many, until the edge has had enough.</summary>
internal sealed class SlowReaders : IHostileAttack
{
    private const int Devices = 4;
    private const int OpensAtOnce = 1_000;
    private const int WritesMax = 20_000;

    public string Name => "slow-readers";

    public string Summary => "attached devices that ask and never read the answers";

    public IReadOnlyList<string> Refusals => ["session_ends/SlowReader"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var opens = new List<byte>();
        for (var i = 1U; i <= OpensAtOnce; i++)
        {
            opens.AddRange(FrameWriter.ToArray(FrameType.Open, Channel.Session, new Open { RequestId = i }));
        }

        byte[] bytes = [.. opens];
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
                    await peer.SendAsync(bytes, cancellationToken);
                    sent += OpensAtOnce;
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
