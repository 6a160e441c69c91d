using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Control;

namespace OrleansUem.Edge.Control;

/// <summary>
/// Keeps a control link to one silo: dials, checks HELLO, starts the link, applies the cuts that it missed, offers the link for requests, and dials again with
/// jittered back-off when it breaks.
/// </summary>
internal sealed partial class SiloLink(EdgeServer server, string host, int port)
{
    /// <summary>4,096 outstanding requests of the usual 1 KB or less; more means that the silo does not read.</summary>
    private const int ControlQueueBytes = 8 * 1024 * 1024;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await RunOnceAsync(cancellationToken))
                {
                    delay = FirstDelay;
                }
            }
            catch (DialException e)
            {
                // Operating failure: no silo there now, or not one of ours.
                LogDialFailed(server.Logger, e.Message);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Expected: the edge stops.
                return;
            }
            catch (Exception e)
            {
                // A fault of ours: an edge that does not dial again is one that nobody can attach to.
                LogStartFault(server.Logger, e);
            }

            var jittered = delay * (0.5 + Random.Shared.NextDouble());
            delay = delay * 2 < LastDelay ? delay * 2 : LastDelay;
            try
            {
                await Task.Delay(jittered, server.Time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // Expected: the edge stops.
                return;
            }
        }
    }

    private async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var options = new TlsDialOptions
        {
            Host = host,
            Port = port,
            Alpn = Alpn.Control,
            ServerRole = PeerRole.Silo,
            InstallationRoot = server.Credentials.Root,
            Own = server.Credentials,
        };
        await using var tls = await TlsDialer.DialAsync(options, server.Time, cancellationToken);
        var connection = new FrameConnection(
            tls.Stream,
            new FrameConnectionOptions
            {
                Ticker = server.Ticker,
                SendsPings = true,
                KeepAliveInterval = ControlLinkLimits.KeepAlive,
                MaxPayloadBytes = FrameLimits.MaxPayloadBytes,
                Queue = new SendQueueLimits { ControlBytes = ControlQueueBytes },
            },
            server.Time,
            server.Logger);
        var requests = new SiloRequests(server);
        using var link = new ControlLink(
            ControlSide.Edge, (type, body) => connection.TrySend(type, Channel.Session, body), requests, server.Time);
        using var helloDue = server.Time.CreateTimer(
            _ => connection.Close(Reason.HandshakeTimeout, "HELLO is overdue."), null, ControlLinkLimits.StartTimeout, Timeout.InfiniteTimeSpan);
        var wasLinked = false;
        var frames = new LinkFrames(link, hello =>
        {
            helloDue.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var reason = ServerCertificates.VerifyName(tls.PeerCertificate!, hello);
            if (reason == Reason.None && hello.OldestVersion > ProtocolVersion.Current)
            {
                reason = Reason.UnsupportedVersion;
            }

            if (reason == Reason.None)
            {
                _ = StartAsync(connection, link, requests, () => wasLinked = true);
            }

            return reason;
        });
        var end = await connection.RunAsync(frames, cancellationToken);
        server.Silos.Remove(link);
        link.End(end.Reason);
        requests.SetStarted();
        LogUnlinked(server.Logger, end.Reason, end.Detail);
        return wasLinked;
    }

    private async Task StartAsync(FrameConnection connection, ControlLink link, SiloRequests requests, Action onLinked)
    {
        try
        {
            var answer = await link.RequestAsync(
                new ControlRequest
                {
                    LinkStart = new LinkStart
                    {
                        Version = ProtocolVersion.Current,
                        ProcessId = ByteString.CopyFrom(server.ProcessId),
                        LastCut = server.Cuts.Last,
                    },
                },
                ControlLinkLimits.StartTimeout);
            if (answer.Reason != 0)
            {
                connection.Close(ReasonText.FromWire(answer.Reason), answer.Detail);
                return;
            }

            server.Cuts.Apply(answer.LinkStarted);
            onLinked();
            requests.SetStarted();
            server.Silos.Add(link);
            LogLinked(server.Logger, answer.LinkStarted.SiloId, answer.LinkStarted.Cuts.Count);
            if (connection.End is not null)
            {
                server.Silos.Remove(link);
            }
        }
        catch (Exception e)
        {
            // Nobody awaits this task: the fault ends the link here, and it is dialled again.
            LogStartFault(server.Logger, e);
            connection.Close(Reason.InternalError);
        }
    }

    /// <summary>HELLO first, control frames afterwards.</summary>
    private sealed class LinkFrames(ControlLink link, Func<Hello, Reason> onHello) : IFrameHandler
    {
        private bool _hasHello;

        public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
        {
            if (!header.Channel.IsSession || (header.Type == FrameType.Hello) == _hasHello)
            {
                return Reason.UnexpectedFrame;
            }

            if (_hasHello)
            {
                return link.OnFrame(header.Type, payload);
            }

            _hasHello = true;
            try
            {
                return onHello(Hello.Parser.ParseFrom(payload));
            }
            catch (InvalidProtocolBufferException)
            {
                // A peer fault: a HELLO that does not parse.
                return Reason.MalformedFrame;
            }
        }
    }
}
