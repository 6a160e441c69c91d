using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>Reads the payloads that an edge sends to a peer and checks each field's range. Any bytes in: a message or null.</summary>
internal static class SessionPayloads
{
    private const uint KeepAliveSecondsMin = 5;
    private const uint KeepAliveSecondsMax = 600;

    /// <summary>Reads and checks the payload of a frame that carries a message.</summary>
    /// <returns>Null when it does not parse or a field is out of its range: MalformedFrame.</returns>
    public static IMessage? TryRead(FrameType type, in ReadOnlySequence<byte> payload)
    {
        try
        {
            return type switch
            {
                FrameType.Hello => Check(Hello.Parser.ParseFrom(payload)),
                FrameType.Attached => Check(Attached.Parser.ParseFrom(payload)),
                FrameType.Close => Check(Close.Parser.ParseFrom(payload)),
                FrameType.GoAway => GoAway.Parser.ParseFrom(payload),
                FrameType.Open => Check(Open.Parser.ParseFrom(payload)),
                FrameType.Opened => Check(Opened.Parser.ParseFrom(payload)),
                FrameType.Refused => Check(Refused.Parser.ParseFrom(payload)),
                FrameType.CloseTunnel => Check(CloseTunnel.Parser.ParseFrom(payload)),
                FrameType.Enrol => Check(Enrol.Parser.ParseFrom(payload)),
                _ => null,
            };
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: bytes that are no such message.
            return null;
        }
    }

    private static Hello? Check(Hello hello) =>
        hello.Version != 0 && hello.OldestVersion != 0 && hello.OldestVersion <= hello.Version
        && NameRules.IsName(hello.ServerName)
        && hello.KeepAliveSeconds is >= KeepAliveSecondsMin and <= KeepAliveSecondsMax
        && hello.InstallationRoot.Length <= CertificateProfile.MaxCertificateBytes
            ? hello
            : null;

    private static Attached? Check(Attached attached) =>
        attached.SessionId is > 0 and <= long.MaxValue && attached.Generation is > 0 and <= long.MaxValue && IsPath(attached.Udp) ? attached : null;

    private static Close? Check(Close close) => IsDetail(close.Detail) ? close : null;

    private static Open? Check(Open open) =>
        open.TunnelId is > 0 and <= long.MaxValue && NameRules.IsName(open.DeviceId) ? open : null;

    private static Opened? Check(Opened opened) =>
        opened.TunnelId is > 0 and <= long.MaxValue && NameRules.IsName(opened.NodeId) ? opened : null;

    private static Refused? Check(Refused refused) => IsDetail(refused.Detail) ? refused : null;

    private static CloseTunnel? Check(CloseTunnel close) => IsDetail(close.Detail) ? close : null;

    private static Enrol? Check(Enrol enrol) =>
        enrol.RequestId != 0 && TenantId.TryParse(enrol.TenantId, out _) && enrol.ActivationId.Length == 22 ? enrol : null;

    private static bool IsPath(UdpPath? path) =>
        path is null || (path.Port <= ushort.MaxValue && path.PathId != 0 && path.Secret.Length == PathKeys.SecretBytes);

    private static bool IsDetail(string text) => text.Length <= FrameLimits.MaxDetailCharacters;
}
