using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>A device of the tenant that sends PING without end and reads the answers. It must hear why its session ends.</summary>
internal sealed class PingFlood : IHostileAttack
{
    public string Name => "pings";

    public string Summary => "an attached device that sends PING without end";

    public IReadOnlyList<string> Refusals => ["session_ends/PingFlood"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var (peer, _) = await HostilePeer.AttachAsync(target, 0, device, cancellationToken);
        await using var held = peer;
        var ping = HostilePeer.Frame(FrameType.Ping, Channel.Session, new byte[FrameLimits.PingBytes]);
        byte[] pings = [.. Enumerable.Repeat(ping, target.Options.Frames).SelectMany(static one => one)];
        await peer.SendAsync(pings, cancellationToken);
        var reason = await peer.UntilClosedAsync(cancellationToken);
        return reason == Reason.PingFlood ? target.Options.Frames : throw new InvalidOperationException($"PINGs without end were answered with {reason.Describe()}.");
    }
}
