using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// One enrolment connection: TLS, the pin, one request, one answer. Nothing is sent before the edge has proved to belong to the
/// installation whose fingerprint came with the activation or invitation.
/// </summary>
internal sealed class EnrolmentConnection : IAsyncDisposable
{
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);

    // The edge asks a silo, the silo another edge, that edge the node: 10 s each.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(40);

    private readonly TlsConnection _connection;
    private readonly PipeReader _reader;
    private readonly TimeProvider _time;

    private EnrolmentConnection(TlsConnection connection, TimeProvider time)
    {
        _connection = connection;
        _reader = PipeReader.Create(connection.Stream, new StreamPipeReaderOptions(leaveOpen: true));
        _time = time;
    }

    /// <summary>The installation's root, whose fingerprint was checked; null before <see cref="OpenAsync"/> returned.</summary>
    public X509Certificate2? InstallationRoot { get; private set; }

    /// <summary>The edge's name.</summary>
    public string Edge { get; private set; } = "";

    /// <summary>Dials and checks the edge.</summary>
    /// <exception cref="EnrolmentException">The edge is not there, or not of the installation.</exception>
    public static async Task<EnrolmentConnection> OpenAsync(EnrolmentUri uri, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = new TlsDialOptions { Host = uri.Host, Port = uri.Port, Alpn = Alpn.Enrol, ServerRole = PeerRole.Edge };
        EnrolmentConnection? opened = null;
        try
        {
            opened = new EnrolmentConnection(await TlsDialer.DialAsync(options, time, cancellationToken), time);
            await opened.CheckEdgeAsync(uri, cancellationToken);
            return opened;
        }
        catch (Exception e)
        {
            if (opened is not null)
            {
                await opened.DisposeAsync();
            }

            if (e is DialException dial)
            {
                throw new EnrolmentException(dial.Reason, $"{dial.Message} Check the address and that the relay runs.", dial);
            }

            throw;
        }
    }

    /// <summary>Sends the request and waits for its answer.</summary>
    /// <exception cref="EnrolmentException">The edge closed, sent something else or did not answer in time.</exception>
    public async Task<ReadOnlySequence<byte>> AskAsync(
        FrameType type, IMessage request, FrameType answerType, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.Stream.WriteAsync(FrameWriter.ToArray(type, Channel.Session, request), cancellationToken);
            return await ReadAsync(answerType, AnswerTimeout, cancellationToken);
        }
        catch (IOException e)
        {
            throw Lost(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        InstallationRoot?.Dispose();
        await _reader.CompleteAsync();
        try
        {
            await _connection.DisposeAsync();
        }
        catch (IOException)
        {
            // Expected while closing: the edge hung up first.
        }
    }

    private async Task CheckEdgeAsync(EnrolmentUri uri, CancellationToken cancellationToken)
    {
        ReadOnlySequence<byte> payload;
        try
        {
            payload = await ReadAsync(FrameType.Hello, HelloTimeout, cancellationToken);
        }
        catch (IOException e)
        {
            throw Lost(e);
        }

        var hello = HelloRules.TryRead(payload)
            ?? throw new EnrolmentException(Reason.MalformedFrame, "The relay's greeting does not parse. Check the address: is it a relay of this kind?");
        var reason = _connection.PeerCertificate is { } certificate
            ? ServerCertificates.VerifyHello(certificate, hello, uri.Installation, PeerRole.Edge, _time.GetUtcNow(), out var root)
            : Refuse(out root);
        if (reason != Reason.None)
        {
            throw new EnrolmentException(
                reason,
                $"The server at {uri.Host}:{uri.Port} is not an edge of the installation that the text names ({reason.Describe()}). Nothing was sent to it. Check the network and the clock, or ask for a new text.");
        }

        InstallationRoot = root;
        Edge = hello.ServerName;
        if (HelloRules.ChooseVersion(hello) == 0)
        {
            throw Refusals.Explain(Reason.UnsupportedVersion, "");
        }

        static Reason Refuse(out X509Certificate2? none)
        {
            none = null;
            return Reason.CertificateMissing;
        }
    }

    private async Task<ReadOnlySequence<byte>> ReadAsync(FrameType wanted, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            while (true)
            {
                var (header, payload) = await ReadFrameAsync(either.Token);
                if (header.Type == wanted && header.Channel.IsSession)
                {
                    return payload;
                }

                await TakeOtherAsync(header, payload, either.Token);
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new EnrolmentException(Reason.HandshakeTimeout, $"The relay did not answer within {limit.TotalSeconds} s. Try again.");
        }
    }

    private async Task TakeOtherAsync(FrameHeader header, ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        switch (header.Type)
        {
            case FrameType.Close:
                throw ReadClose(payload);
            case FrameType.Ping when payload.Length == FrameLimits.PingBytes:
                var pong = new ArrayBufferWriter<byte>();
                FrameWriter.Write(pong, FrameType.Pong, Channel.Session, payload.ToArray());
                await _connection.Stream.WriteAsync(pong.WrittenMemory, cancellationToken);
                return;
            case FrameType.Pong:
                return;
            default:
                if (!header.Flags.HasFlag(FrameFlags.Optional) || Enum.IsDefined(header.Type))
                {
                    throw new EnrolmentException(Reason.UnexpectedFrame, $"The relay sent {header.Type} out of turn. Update this program.");
                }

                return;
        }
    }

    private static EnrolmentException ReadClose(in ReadOnlySequence<byte> payload)
    {
        try
        {
            var close = Close.Parser.ParseFrom(payload);
            var reason = ReasonText.FromWire(close.Reason);
            return Refusals.Explain(reason == Reason.None ? Reason.ConnectionLost : reason, close.Detail, close.RetryAfterMs);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault; the connection is over either way.
            return Refusals.Explain(Reason.MalformedFrame, "");
        }
    }

    private async Task<(FrameHeader Header, ReadOnlySequence<byte> Payload)> ReadFrameAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            switch (FrameReader.TryRead(ref buffer, FrameLimits.MaxUnattachedPayloadBytes, out var header, out var payload))
            {
                case FrameReadResult.Frame:
                    // Copied: the reader's memory is taken back by the advance.
                    var copy = new ReadOnlySequence<byte>(payload.ToArray());
                    _reader.AdvanceTo(buffer.Start);
                    return (header, copy);
                case FrameReadResult.TooLong:
                    throw new EnrolmentException(Reason.FrameTooLong, $"The relay announced a frame of {header.PayloadBytes} bytes. Check the address.");
                default:
                    _reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    break;
            }

            if (read.IsCompleted)
            {
                throw Lost(null);
            }
        }
    }

    private static EnrolmentException Lost(Exception? inner) =>
        new(Reason.ConnectionLost, "The connection to the relay broke before the answer came. Try again: the same text still works.", inner);
}
