using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>A device, node or stranger whose frames a test writes by hand.</summary>
internal sealed class ScriptedPeer
{
    private readonly TimeProvider _time;

    private ScriptedPeer(FrameConnection connection, TimeProvider time, Func<ReceivedFrame, FrameConnection, Reason>? onReceived)
    {
        _time = time;
        Connection = connection;
        Frames = new RecordingFrames { OnReceived = onReceived is null ? null : frame => onReceived(frame, connection) };
    }

    public FrameConnection Connection { get; }

    public RecordingFrames Frames { get; }

    public Task<ConnectionEnd> Ended { get; private set; } = null!;

    public Attached Attached { get; set; } = new();

    /// <summary>Connects and takes HELLO.</summary>
    public static async Task<ScriptedPeer> DialAsync(
        EdgeFixture edge, string alpn, PeerCredentials? own, Func<ReceivedFrame, FrameConnection, Reason>? onReceived = null)
    {
        var port = alpn == Alpn.Node ? edge.Ready.NodeEndPoints[0].Port : edge.Ready.DeviceEndPoints[0].Port;
        var tls = await TlsDialer.DialAsync(
            new TlsDialOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Alpn = alpn,
                ServerRole = PeerRole.Edge,
                InstallationRoot = edge.Installation.Authority.Root,
                Own = own,
            },
            edge.Time,
            CancellationToken.None);
        var connection = new FrameConnection(
            tls.Stream, new FrameConnectionOptions { MaxPayloadBytes = FrameLimits.MaxPayloadBytes, SendsPings = true }, edge.Time, NullLogger.Instance);
        var peer = new ScriptedPeer(connection, edge.Time, onReceived);
        peer.Ended = connection.RunAsync(peer.Frames, CancellationToken.None);
        var hello = await peer.NextAsync(FrameType.Hello, Hello.Parser);
        Assert.Equal("edge-1", hello.Body.ServerName);
        return peer;
    }

    public async Task<(Channel Channel, T Body)> NextAsync<T>(FrameType type, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var frame = await Frames.NextAsync($"{type}");
        Assert.Equal(type, frame.Type);
        return (frame.Channel, parser.ParseFrom(frame.Payload));
    }

    public void SendAttach(PeerCredentials credentials, ulong generation = 1, Action<Attach>? change = null)
    {
        var attach = AttachClaims.Create(
            credentials, new byte[TenantTags.TagBytes], new EdgeId("edge-1"), generation, _time.GetUtcNow(), "test/1");
        change?.Invoke(attach);
        Connection.TrySend(FrameType.Attach, Channel.Session, attach);
    }

    public async Task<Attached> AttachAsync(PeerCredentials credentials, ulong generation = 1)
    {
        SendAttach(credentials, generation);
        return (await NextAsync(FrameType.Attached, Attached.Parser)).Body;
    }

    public Task<ConnectionEnd> EndAsync() => Ended.WithinAsync("the connection's end");
}
