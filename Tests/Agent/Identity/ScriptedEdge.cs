using System.Buffers;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;

namespace OrleansUem.Tests.Agent;

/// <summary>An edge over real TLS on loopback that answers as a test says.</summary>
internal sealed class ScriptedEdge : IAsyncDisposable
{
    private readonly TestAuthority _installation;
    private readonly PeerCredentials _credentials;
    private readonly TlsListener _listener;
    private readonly TimeProvider _time;
    private int _connections;

    public ScriptedEdge(TestAuthority installation, TimeProvider time, string name = "edge-1")
    {
        _installation = installation;
        _time = time;
        _credentials = installation.Issue(PeerRole.Edge, name);
        Hello = new Hello
        {
            Version = ProtocolVersion.Current,
            OldestVersion = ProtocolVersion.Oldest,
            ServerName = name,
            KeepAliveSeconds = 30,
            TimeUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            InstallationRoot = ByteString.CopyFrom(installation.Authority.Root.RawData),
        };
        _listener = TlsListener.Start(
            new TlsListenerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                Credentials = _credentials,
                Alpns = [Alpn.Device, Alpn.Node, Alpn.Enrol],
            },
            RunAsync,
            time,
            NullLogger.Instance);
    }

    /// <summary>Sent first on each connection; a test may change it.</summary>
    public Hello Hello { get; }

    /// <summary>Connections accepted.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public RelayAddress Address => new("127.0.0.1", _listener.LocalEndPoint.Port);

    public TenantId Installation => _installation.Id;

    /// <summary>Answers a frame.</summary>
    public Action<ScriptedPeer, FrameType, Channel, byte[]> OnFrame { get; set; } = (_, _, _, _) => { };

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _credentials.Dispose();
    }

    private async Task RunAsync(TlsConnection connection, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _connections);
        using var frames = new FrameConnection(connection.Stream, new FrameConnectionOptions(), _time, NullLogger.Instance);
        frames.TrySend(FrameType.Hello, Channel.Session, Hello);
        var peer = new ScriptedPeer(this, frames, number);
        await frames.RunAsync(peer, cancellationToken);
    }

    /// <summary>One connection at the edge's side.</summary>
    internal sealed class ScriptedPeer(ScriptedEdge edge, FrameConnection frames, int number) : IFrameHandler
    {
        /// <summary>1 for the first connection.</summary>
        public int Number => number;

        public void Send(FrameType type, Channel channel, IMessage body) => frames.TrySend(type, channel, body);

        public void SendDatagram(Channel channel, byte[] payload) => frames.TrySendDatagram(channel, payload);

        public void Close(Close close) => frames.Close(close);

        public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
        {
            frames.MaxPayloadBytes = FrameLimits.MaxPayloadBytes;
            edge.OnFrame(this, header.Type, header.Channel, payload.ToArray());
            return Reason.None;
        }
    }
}
