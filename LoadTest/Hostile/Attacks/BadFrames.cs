using System.Collections.Concurrent;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Frames that are too long, cut off, unknown, out of turn or no Protobuf, before and after ATTACH. Each connection sends one and must hear why it ends.</summary>
internal sealed class BadFrames : IHostileAttack
{
    private const int AtATime = 16;

    private static readonly (byte[] Bytes, Reason Expected)[] Kinds =
    [
        (HostilePeer.Frame(FrameType.Attach, Channel.Session, new byte[64], announcedBytes: FrameLimits.MaxUnattachedPayloadBytes + 1), Reason.FrameTooLong),
        (HostilePeer.Frame((FrameType)0x7F, Channel.Session, []), Reason.UnknownFrame),
        (HostilePeer.Frame(FrameType.Unspecified, Channel.Session, []), Reason.MalformedFrame),
        (HostilePeer.Frame(FrameType.Open, Channel.Session, []), Reason.UnexpectedFrame),
        (HostilePeer.Frame(FrameType.Datagram, Channel.Create(1, 0), new byte[1_000]), Reason.UnexpectedFrame),
        (HostilePeer.Frame(FrameType.Attach, Channel.Session, [0xFF, 0xFF, 0xFF]), Reason.MalformedFrame),
        (HostilePeer.Frame(FrameType.Ping, Channel.Session, new byte[3]), Reason.MalformedFrame),

        // Cut off in the middle: nothing to answer.
        (HostilePeer.Frame(FrameType.Attach, Channel.Session, new byte[10], announcedBytes: 500), Reason.None),
    ];

    public string Name => "frames";

    public string Summary => "frames too long, cut off, unknown, out of turn, no Protobuf";

    public IReadOnlyList<string> Refusals =>
    [
        "refusals/FrameTooLong", "refusals/UnknownFrame", "refusals/MalformedFrame", "refusals/UnexpectedFrame", "refusals/ConnectionLost",
        "session_ends/FrameTooLong", "session_ends/MalformedFrame",
    ];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var wrong = new ConcurrentBag<string>();
        var count = Math.Max(Kinds.Length, target.Options.Handshakes / 4);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (number, token) =>
        {
            var (bytes, expected) = Kinds[number % Kinds.Length];
            if (await HostilePeer.TryConnectAsync(target, number, Alpn.Device, device.Enrolment.Credentials.Certificate, token) is { } peer)
            {
                await using var held = peer;
                await peer.SendAsync(bytes, token);
                var reason = expected == Reason.None ? Reason.None : await peer.UntilClosedAsync(token);
                if (reason != expected)
                {
                    wrong.Add($"{expected.Describe()} was answered with {reason.Describe()}");
                }
            }
        });
        foreach (var (bytes, expected) in new (byte[], Reason)[]
        {
            (HostilePeer.Frame(FrameType.Datagram, Channel.Create(1, 0), new byte[8], announcedBytes: FrameLimits.MaxPayloadBytes + 1), Reason.FrameTooLong),
            (HostilePeer.Frame(FrameType.Open, Channel.Session, [0xFF, 0xFF]), Reason.MalformedFrame),
        })
        {
            var (peer, _) = await HostilePeer.AttachAsync(target, 0, device, cancellationToken);
            await using var held = peer;
            await peer.SendAsync(bytes, cancellationToken);
            var reason = await peer.UntilClosedAsync(cancellationToken);
            if (reason != expected)
            {
                wrong.Add($"after ATTACH, {expected.Describe()} was answered with {reason.Describe()}");
            }
        }

        return wrong.IsEmpty ? count + 2 : throw new InvalidOperationException(string.Join("; ", wrong.Distinct()));
    }
}
