using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>A device of the tenant that asks for tunnels without end.</summary>
internal sealed class OpenFlood : IHostileAttack
{
    public string Name => "opens";

    public string Summary => "an attached device that sends OPEN without end";

    public IReadOnlyList<string> Refusals => ["refusals/Overloaded"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var (peer, _) = await HostilePeer.AttachAsync(target, 0, device, cancellationToken);
        await using var held = peer;
        var sending = SendAsync(peer, target.Options.Frames, cancellationToken);
        for (var answers = 0; answers < target.Options.Frames;)
        {
            var frame = await peer.ReadAsync(cancellationToken) ?? throw new InvalidOperationException("The edge ended a session for its OPENs; they are to be refused one by one.");
            answers += frame.Header.Type is FrameType.Opened or FrameType.Refused ? 1 : 0;
        }

        await sending;
        return target.Options.Frames;
    }

    private static async Task SendAsync(HostilePeer peer, int count, CancellationToken cancellationToken)
    {
        for (var i = 1; i <= count; i++)
        {
            await peer.SendAsync(FrameType.Open, Channel.Session, new Open { RequestId = (uint)i }, cancellationToken);
        }
    }
}
