using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>A device of the tenant that asks for tunnels without end.</summary>
internal sealed class OpenFlood : IHostileAttack
{
    // Their answers fit the edge's queue of control frames; more at once and the edge takes the device for one that does not read, which is the attack "slow-readers".
    private const int BurstOpens = 1_000;

    public string Name => "opens";

    public string Summary => "an attached device that sends OPEN without end";

    public IReadOnlyList<string> Refusals => ["refusals/Overloaded"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var (peer, _) = await HostilePeer.AttachAsync(target, 0, device, cancellationToken);
        await using var held = peer;
        for (var sent = 0; sent < target.Options.Frames;)
        {
            var burst = Math.Min(BurstOpens, target.Options.Frames - sent);
            await peer.SendAsync(Opens(sent, burst), cancellationToken);
            for (var answers = 0; answers < burst;)
            {
                var frame = await peer.ReadAsync(cancellationToken) ?? throw new InvalidOperationException("The edge ended a session for its OPENs; they are to be refused one by one.");
                answers += frame.Header.Type is FrameType.Opened or FrameType.Refused ? 1 : 0;
            }

            sent += burst;
        }

        return target.Options.Frames;
    }

    private static byte[] Opens(int sent, int count) =>
        [.. Enumerable.Range(sent + 1, count).SelectMany(number => HostilePeer.Frame(FrameType.Open, Channel.Session, new Open { RequestId = (uint)number }.ToByteArray()))];
}
