using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>An attacker's TLS connection that is past its handshake; it writes what it likes.</summary>
internal sealed class HostilePeer : IAsyncDisposable
{
    private readonly SslStream _tls;

    private HostilePeer(SslStream tls, Socket socket)
    {
        _tls = tls;
        Socket = socket;
    }

    public Socket Socket { get; }

    /// <summary>Connects and does TLS.</summary>
    /// <param name="target">The edge.</param>
    /// <param name="number">Chooses the address.</param>
    /// <param name="alpn">Application protocol.</param>
    /// <param name="certificate">The client's; null: none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when the edge refused.</returns>
    [SuppressMessage("Security", "CA5359", Justification = "An attacker does not care whom it talks to.")]
    public static async Task<HostilePeer?> TryConnectAsync(
        HostileTarget target, int number, string alpn, X509Certificate2? certificate, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = await target.ConnectAsync(number, cancellationToken);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "edge",
                    ApplicationProtocols = [new SslApplicationProtocol(alpn)],
                    RemoteCertificateValidationCallback = (_, _, _, _) => true,
                    ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
                },
                cancellationToken);
            return new HostilePeer(tls, socket);
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>Connects as a device of the tenant and attaches.</summary>
    /// <returns>The connection and ATTACHED.</returns>
    /// <exception cref="InvalidOperationException">The edge refused.</exception>
    public static async Task<(HostilePeer Peer, Attached Attached)> AttachAsync(
        HostileTarget target, int number, AgentState device, CancellationToken cancellationToken)
    {
        var enrolment = device.Enrolment;
        var peer = await TryConnectAsync(target, number, Alpn.Device, enrolment.Credentials.Certificate, cancellationToken)
            ?? throw new InvalidOperationException("The edge refused a device's handshake.");
        var hello = Hello.Parser.ParseFrom((await peer.ReadAsync(cancellationToken))!.Value.Payload);
        await peer.SendAsync(FrameType.Attach, Channel.Session, AttachOf(device, new EdgeId(hello.ServerName)), cancellationToken);
        var answer = await peer.ReadAsync(cancellationToken);
        return answer is { Header.Type: FrameType.Attached }
            ? (peer, Attached.Parser.ParseFrom(answer.Value.Payload))
            : throw new InvalidOperationException($"The edge refused a device: {answer?.Header.Type}.");
    }

    /// <summary>A right ATTACH of a device.</summary>
    public static Attach AttachOf(AgentState device, EdgeId edge) => AttachClaims.Create(
        device.Enrolment.Credentials,
        device.Enrolment.TenantTag.Span,
        edge,
        device.Generations.Take(TimeProvider.System.GetUtcNow()),
        TimeProvider.System.GetUtcNow(),
        "hostile/1");

    /// <summary>A frame with any header.</summary>
    public static byte[] Frame(FrameType type, Channel channel, ReadOnlySpan<byte> payload, int? announcedBytes = null)
    {
        var frame = new byte[FrameLimits.HeaderBytes + payload.Length];
        new FrameHeader(type, FrameFlags.None, announcedBytes ?? payload.Length, channel).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameLimits.HeaderBytes));
        return frame;
    }

    public Task SendAsync(FrameType type, Channel channel, IMessage body, CancellationToken cancellationToken) =>
        SendAsync(Frame(type, channel, body.ToByteArray()), cancellationToken);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await _tls.WriteAsync(bytes, cancellationToken);

    /// <summary>Reads one frame.</summary>
    /// <returns>Null when the edge hung up.</returns>
    public async Task<(FrameHeader Header, byte[] Payload)?> ReadAsync(CancellationToken cancellationToken)
    {
        var header = new byte[FrameLimits.HeaderBytes];
        try
        {
            await _tls.ReadExactlyAsync(header, cancellationToken);
            var read = FrameHeader.Read(header);
            var payload = new byte[read.PayloadBytes];
            await _tls.ReadExactlyAsync(payload, cancellationToken);
            return (read, payload);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return null;
        }
    }

    /// <summary>Reads until the edge hangs up or the limit cancels.</summary>
    /// <returns>The reason of its CLOSE; None when there was none.</returns>
    public async Task<Reason> UntilClosedAsync(CancellationToken limit)
    {
        try
        {
            while (await ReadAsync(limit) is { } frame)
            {
                if (frame.Header.Type == FrameType.Close)
                {
                    return ReasonText.FromWire(Close.Parser.ParseFrom(frame.Payload).Reason);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: the attack is over.
        }

        return Reason.None;
    }

    public async ValueTask DisposeAsync()
    {
        // No good-bye.
        Socket.Dispose();
        await _tls.DisposeAsync();
    }
}
