using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using Channel = OrleansUem.Protocol.Wire.Channel;

namespace OrleansUem.Edge.State;

/// <summary>Gets an edge its certificate: one JOIN to a silo (Protocol/README.md "Activation, invitation, join"). The key is made here and stays here.</summary>
public static class EdgeJoin
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Joins and stores the result.</summary>
    /// <param name="uri">The join text: the silo, the installation's pin, the token and the edge's name.</param>
    /// <param name="stateDirectory">Where to store; must hold no edge, or one whose certificate ends within a month.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggerFactory">Logs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The edge's id.</returns>
    /// <exception cref="InvalidOperationException">The text is not for joining, the directory is taken, or the silo refused; the text says which.</exception>
    /// <exception cref="DialException">The silo can't be reached or is not of the installation.</exception>
    public static async Task<EdgeId> JoinAsync(
        EnrolmentUri uri, string stateDirectory, TimeProvider time, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        if (uri.Kind != EnrolmentKind.Join || !EdgeId.TryParse(uri.Name, out var edge))
        {
            throw new InvalidOperationException("The text is not a join token with an edge's name.");
        }

        if (EdgeState.Exists(stateDirectory) && !EdgeState.IsToBeRenewed(stateDirectory, time.GetUtcNow()))
        {
            throw new InvalidOperationException($"'{stateDirectory}' holds an edge already, whose certificate is good for more than a month.");
        }

        var options = new TlsDialOptions { Host = uri.Host, Port = uri.Port, Alpn = Alpn.Join, ServerRole = PeerRole.Silo };
        await using var tls = await TlsDialer.DialAsync(options, time, cancellationToken);
        var frames = new Frames();
        var connection = new FrameConnection(
            tls.Stream, new FrameConnectionOptions(), time, loggerFactory.CreateLogger(typeof(EdgeJoin)));
        var running = connection.RunAsync(frames, cancellationToken);
        _ = running.ContinueWith(end => frames.End(end.Result), cancellationToken, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        try
        {
            var hello = await frames.NextAsync(FrameType.Hello, Hello.Parser, time, cancellationToken);
            var reason = ServerCertificates.VerifyHello(
                tls.PeerCertificate!, hello, uri.Installation, PeerRole.Silo, time.GetUtcNow(), out var root);
            if (reason != Reason.None)
            {
                throw new DialException(uri.Host, uri.Port, DialPhase.Verify, reason, $"{reason}.");
            }

            using (root)
            {
                await ExchangeAsync(uri, edge, stateDirectory, root!, connection, frames, time, cancellationToken);
            }
        }
        finally
        {
            connection.Close(Reason.Detached);
            await running;
        }

        return edge;
    }

    private static async Task ExchangeAsync(
        EnrolmentUri uri,
        EdgeId edge,
        string stateDirectory,
        X509Certificate2 root,
        FrameConnection connection,
        Frames frames,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        // An edge of this name is known by its key: a renewal keeps it.
        using var key = EdgeState.FindKey(stateDirectory) ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var exchange = new JoinExchange(uri, edge, key);
        connection.TrySend(FrameType.Join, Channel.Session, exchange.Request);
        var joined = await frames.NextAsync(FrameType.Joined, Joined.Parser, time, cancellationToken);
        using var credentials = exchange.Judge(joined, root, time.GetUtcNow());
        EdgeState.Save(stateDirectory, credentials.Certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), root.ExportCertificatePem());
    }

    /// <summary>Hands the few frames of this connection to the method that waits for them.</summary>
    private sealed class Frames : IFrameHandler
    {
        private readonly Channel<(FrameType Type, byte[] Payload)> _frames =
            System.Threading.Channels.Channel.CreateBounded<(FrameType, byte[])>(2);

        public Reason OnFrame(in FrameHeader header, in System.Buffers.ReadOnlySequence<byte> payload) =>
            header.Type is FrameType.Hello or FrameType.Joined
                && _frames.Writer.TryWrite((header.Type, System.Buffers.BuffersExtensions.ToArray(payload)))
                ? Reason.None
                : Reason.UnexpectedFrame;

        public void End(ConnectionEnd end) => _frames.Writer.TryComplete(
            new InvalidOperationException($"The silo closed the connection: {end.Reason.Describe()}. {end.Detail}".TrimEnd()));

        public async Task<T> NextAsync<T>(FrameType type, MessageParser<T> parser, TimeProvider time, CancellationToken cancellationToken)
            where T : IMessage<T>
        {
            try
            {
                var frame = await _frames.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(AnswerTimeout, time, cancellationToken);
                return frame.Type == type
                    ? parser.ParseFrom(frame.Payload)
                    : throw new InvalidOperationException($"The silo sent {frame.Type} where {type} is due.");
            }
            catch (ChannelClosedException e) when (e.InnerException is InvalidOperationException ended)
            {
                throw new InvalidOperationException(ended.Message, e);
            }
            catch (InvalidProtocolBufferException e)
            {
                throw new InvalidOperationException($"The silo's {type} does not parse.", e);
            }
            catch (TimeoutException e)
            {
                throw new InvalidOperationException($"The silo did not send {type} within {AnswerTimeout.TotalSeconds} s.", e);
            }
        }
    }
}
