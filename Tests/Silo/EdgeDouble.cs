using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using OrleansUem.Transport.Control;
using Xunit;

namespace OrleansUem.Tests.Silo;

/// <summary>An edge as far as its control link goes; says what a test tells it to, true or not.</summary>
public sealed class EdgeDouble : IFrameHandler, IControlRequestHandler, IAsyncDisposable
{
    private readonly TaskCompletionSource _hello = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameConnection _connection;
    private readonly ControlLink _link;
    private ulong _lastSession;

    private EdgeDouble(SiloUnderTest silo, PeerCredentials credentials, TlsConnection tls)
    {
        Silo = silo;
        Credentials = credentials;
        _connection = new FrameConnection(
            tls.Stream, new FrameConnectionOptions { SendsPings = true, MaxPayloadBytes = FrameLimits.MaxPayloadBytes }, silo.Time, NullLogger.Instance);
        _link = new ControlLink(ControlSide.Edge, (type, body) => _connection.TrySend(type, Channel.Session, body), this, silo.Time);
        Run = RunAsync();
    }

    public SiloUnderTest Silo { get; }

    public PeerCredentials Credentials { get; }

    public EdgeId Edge => new(Credentials.Identity.Name);

    public Task<ConnectionEnd> Run { get; }

    /// <summary>Requests of the silo, in order.</summary>
    public ConcurrentQueue<ControlRequest> Asked { get; } = [];

    /// <summary>Answers the silo's requests; by default cuts and ends are applied and nobody is located.</summary>
    public Func<ControlRequest, ControlAnswer> OnAsked { get; set; } = request => request.BodyCase switch
    {
        ControlRequest.BodyOneofCase.Locate => new ControlAnswer { Located = new Located() },
        ControlRequest.BodyOneofCase.Cut or ControlRequest.BodyOneofCase.EndTunnel => new ControlAnswer(),
        _ => ControlBodies.Refusal(Reason.NotAttached),
    };

    public static async Task<EdgeDouble> DialAsync(SiloUnderTest silo, PeerCredentials credentials, PeerCredentials? root = null)
    {
        var tls = await silo.DialAsync(Alpn.Control, credentials, (root ?? credentials).Root);
        return new EdgeDouble(silo, credentials, tls);
    }

    public static async Task<EdgeDouble> LinkAsync(SiloUnderTest silo, PeerCredentials credentials, ulong lastCut = 0)
    {
        var edge = await DialAsync(silo, credentials);
        var answer = await edge.StartAsync(lastCut);
        Assert.Equal(Reason.None, (Reason)answer.Reason);
        return edge;
    }

    public async Task<ControlAnswer> StartAsync(ulong lastCut = 0)
    {
        await Task.WhenAny(_hello.Task, Run).WithinAsync("HELLO");
        return await RequestAsync(new ControlRequest
        {
            LinkStart = new LinkStart
            {
                Version = ProtocolVersion.Current,
                ProcessId = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(ControlLinkLimits.ProcessIdBytes)),
                LastCut = lastCut,
            },
        });
    }

    public Task<ControlAnswer> RequestAsync(ControlRequest request) => _link.RequestAsync(request).WithinAsync(request.BodyCase.ToString());

    /// <summary>Registers a tenant as a node does, through this edge.</summary>
    public async Task<TenantRegistered> RegisterAsync(EnrolmentUri invitation, CertificateAuthority authority, byte[]? secret = null)
    {
        var register = new RegisterTenant
        {
            InvitationId = invitation.Id,
            Root = ByteString.CopyFrom(authority.Root.RawData),
            Proof = ByteString.CopyFrom(authority.Sign(
                SignedText.Register, EnrolmentMacs.RegistrationContent(invitation.Installation, invitation.Id))),
            Mac = ByteString.CopyFrom(EnrolmentMacs.InvitationRequest(
                secret ?? invitation.Secret.Span, invitation.Installation, invitation.Id, authority.Root.RawData)),
            Name = "Acme",
        };
        return await RegisterAsync(register);
    }

    public async Task<TenantRegistered> RegisterAsync(RegisterTenant register)
    {
        var answer = await RequestAsync(new ControlRequest
        {
            RegisterTenant = new RegisterTenantRoot { Register = register.ToByteString(), Address = "192.0.2.7:4000" },
        });
        Assert.Equal(Reason.None, (Reason)answer.Reason);
        return TenantRegistered.Parser.ParseFrom(answer.TenantRegistered.Registered);
    }

    public Task<ControlAnswer> AttachAsync(Attach attach, ulong? sessionId = null) => RequestAsync(new ControlRequest
    {
        Attach = new AttachSession
        {
            SessionId = sessionId ?? ++_lastSession,
            Attach = attach.ToByteString(),
            Address = "192.0.2.9:5000",
            Transport = "tcp",
        },
    });

    public Task<ControlAnswer> AttachAsync(PeerCredentials peer, byte[] tag, ulong generation = 1) =>
        AttachAsync(AttachClaims.Create(peer, tag, Edge, generation, Silo.Time.GetUtcNow(), "test/1"));

    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (header.Type == FrameType.Hello)
        {
            _hello.TrySetResult();
            return Reason.None;
        }

        return _link.OnFrame(header.Type, payload);
    }

    public Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended)
    {
        Asked.Enqueue(request);
        return Task.FromResult(OnAsked(request));
    }

    public void OnFault(Exception fault) => Assert.Fail(fault.ToString());

    public async Task CloseAsync()
    {
        _connection.Close(Reason.Detached);
        await Run.WithinAsync("the link ends");
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _link.Dispose();
        _connection.Dispose();
        Credentials.Dispose();
    }

    private async Task<ConnectionEnd> RunAsync()
    {
        var end = await _connection.RunAsync(this, CancellationToken.None);
        _link.End(end.Reason == Reason.None ? Reason.ConnectionLost : end.Reason);
        return end;
    }
}
