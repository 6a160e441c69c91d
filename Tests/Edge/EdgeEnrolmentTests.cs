using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>Enrolments through the edge, and the edge's own joining.</summary>
public sealed class EdgeEnrolmentTests
{
    private const int CertificateDays = 100;

    private static readonly string ActivationId = new('A', 22);

    [Fact]
    public async Task Enrol_AnsweredByTheNode_ReachesTheDevice()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own);
        var attached = await node.AttachAsync(own);
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.Enrol ? null : new ControlAnswer
        {
            Enrolled = new EnrolledDevice { Answer = new EnrolAnswer { RequestId = 99, Answer = request.Enrol.Enrol }.ToByteString() },
        };
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);

        device.Connection.TrySend(FrameType.Enrol, Channel.Session, EnrolOf(edge));
        var (_, answer) = await device.NextAsync(FrameType.EnrolAnswer, EnrolAnswer.Parser);
        var asking = edge.Silo.AskAsync(new ControlRequest
        {
            EnrolAtNode = new EnrolAtNode { NodeSessionId = attached.SessionId, NodeGeneration = 1, Enrol = answer.Answer },
        });
        var (_, asked) = await node.NextAsync(FrameType.Enrol, Enrol.Parser);
        node.Connection.TrySend(FrameType.EnrolAnswer, Channel.Session, new EnrolAnswer
        {
            RequestId = asked.RequestId,
            Answer = ByteString.CopyFromUtf8("grant"),
        });

        Assert.Equal(7UL, answer.RequestId);
        Assert.Equal(ActivationId, asked.ActivationId);
        var atNode = EnrolAnswer.Parser.ParseFrom((await asking).EnrolledAtNode.Answer);
        Assert.Equal("grant", atNode.Answer.ToStringUtf8());
    }

    [Fact]
    public async Task Enrol_Refused_CarriesTheReasonAndTheConnectionGoesOn()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => request.BodyCase == ControlRequest.BodyOneofCase.Enrol
            ? ControlBodies.Refusal(Reason.UnknownActivation, "used up")
            : null;
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);
        for (var i = 0; i < 5; i++)
        {
            device.Connection.TrySend(FrameType.Enrol, Channel.Session, EnrolOf(edge));
            var (_, answer) = await device.NextAsync(FrameType.EnrolAnswer, EnrolAnswer.Parser);
            Assert.Equal((7UL, (uint)Reason.UnknownActivation, "used up"), (answer.RequestId, answer.Reason, answer.Detail));
        }

        device.Connection.TrySend(FrameType.Enrol, Channel.Session, EnrolOf(edge));

        Assert.Equal(Reason.TooManyAttempts, (await device.EndAsync()).Reason);
    }

    [Theory]
    [InlineData(Reason.Overloaded, true)]
    [InlineData(Reason.UnknownActivation, false)]
    public async Task Enrol_RefusedByTheNode_SaysWhenToAskAgainWhereThatHelps(Reason reason, bool isPassing)
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.Enrol ? null : new ControlAnswer
        {
            Enrolled = new EnrolledDevice { Answer = new EnrolAnswer { Reason = (uint)reason, RetryAfterMs = 7 }.ToByteString() },
        };
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);

        device.Connection.TrySend(FrameType.Enrol, Channel.Session, EnrolOf(edge));

        var (_, answer) = await device.NextAsync(FrameType.EnrolAnswer, EnrolAnswer.Parser);
        Assert.InRange(answer.RetryAfterMs, isPassing ? 1_000U : 0, isPassing ? 5_000U : 0);
        Assert.Equal(1, edge.Server.Metrics.Refusals(reason));
    }

    /// <summary>A node's fault: its session and the edge's log have nothing to do with it.</summary>
    [Fact]
    public async Task Enrol_AnswerThatDoesNotParse_EndsTheConnectionByName()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.Enrol ? null : new ControlAnswer
        {
            Enrolled = new EnrolledDevice { Answer = ByteString.CopyFrom(0xFF, 0xFF) },
        };
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);

        device.Connection.TrySend(FrameType.Enrol, Channel.Session, EnrolOf(edge));

        Assert.Equal(Reason.NodeRefused, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task Register_IsForwardedAndAnswered()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.RegisterTenant ? null : new ControlAnswer
        {
            TenantRegistered = new RegisteredTenantRoot
            {
                Registered = new TenantRegistered { TenantTag = ByteString.CopyFromUtf8("tag") }.ToByteString(),
            },
        };
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);

        node.Connection.TrySend(FrameType.RegisterTenant, Channel.Session, new RegisterTenant { InvitationId = ActivationId, Name = "Example" });

        Assert.Equal("tag", (await node.NextAsync(FrameType.TenantRegistered, TenantRegistered.Parser)).Body.TenantTag.ToStringUtf8());
    }

    [Fact]
    public async Task Enrolment_ThatTakesTooLong_IsClosed()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, own: null);

        edge.Time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(Reason.HandshakeTimeout, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task Enrolment_FrameOfASession_IsUnexpected()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Enrol, edge.Issue(PeerRole.Device, "phone-1"));

        device.SendAttach(edge.Issue(PeerRole.Device, "phone-1"));

        Assert.Equal(Reason.UnexpectedFrame, (await device.EndAsync()).Reason);
    }

    [Theory]
    [InlineData("right", null)]
    [InlineData("wrong secret", "does not prove")]
    [InlineData("refused", "UnknownInvitation")]
    [InlineData("other installation", "CertificateUntrusted")]
    public async Task Join_StoresWhatLoads_OrSaysWhyNot(string fault, string? expected)
    {
        using var installation = new TestAuthority("Installation");
        using var silo = installation.Issue(PeerRole.Silo, "silo-1");
        var time = new ManualTimeProvider(TestAuthority.Epoch);
        var secret = EnrolmentSecret.NewRandom();
        await using var listener = TlsListener.Start(
            new TlsListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Credentials = silo, Alpns = [Alpn.Join] },
            (tls, token) => new JoiningSilo(tls, time, installation, fault, secret).RunAsync(token),
            time,
            NullLogger.Instance);
        var directory = Directory.CreateTempSubdirectory("uem-join-");
        var state = Path.Combine(directory.FullName, "edge");
        var uri = new EnrolmentUri
        {
            Kind = EnrolmentKind.Join,
            Host = "127.0.0.1",
            Port = listener.LocalEndPoint.Port,
            Installation = fault == "other installation" ? new TenantId(new string('0', 64)) : installation.Id,
            Id = ActivationId,
            Secret = secret,
            Name = "edge-1",
        };

        var error = await Record.ExceptionAsync(() => EdgeJoin.JoinAsync(uri, state, time, NullLoggerFactory.Instance, CancellationToken.None));

        if (expected is null)
        {
            Assert.Null(error);
            using var credentials = EdgeState.Load(state);
            Assert.Equal("edge-1", credentials.Identity.Name);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(state, "edge.key")));
            }

            var again = await Record.ExceptionAsync(() => EdgeJoin.JoinAsync(uri, state, time, NullLoggerFactory.Instance, CancellationToken.None));
            Assert.Contains("already", again!.Message, StringComparison.Ordinal);

            // Within a month of the certificate's end it may, and keeps the key that it is known by.
            var key = await File.ReadAllTextAsync(Path.Combine(state, "edge.key"));
            time.Advance(TimeSpan.FromDays(CertificateDays - 29));
            await EdgeJoin.JoinAsync(uri, state, time, NullLoggerFactory.Instance, CancellationToken.None);
            Assert.Equal(key, await File.ReadAllTextAsync(Path.Combine(state, "edge.key")));
        }
        else
        {
            Assert.Contains(expected, error!.Message, StringComparison.Ordinal);
            Assert.False(EdgeState.Exists(state));
        }

        directory.Delete(recursive: true);
    }

    private static Enrol EnrolOf(EdgeFixture edge) => new()
    {
        RequestId = 7,
        TenantId = edge.Tenant.Id.Text,
        TenantTag = ByteString.CopyFrom(new byte[TenantTags.TagBytes]),
        ActivationId = ActivationId,
    };

    private sealed class JoiningSilo(TlsConnection tls, TimeProvider time, TestAuthority installation, string fault, byte[] secret) : IFrameHandler
    {
        private Action<Joined>? _answer;

        public async Task<ConnectionEnd> RunAsync(CancellationToken token)
        {
            var connection = new FrameConnection(tls.Stream, new FrameConnectionOptions(), time, NullLogger.Instance);
            _answer = joined => connection.TrySend(FrameType.Joined, Channel.Session, joined);
            connection.TrySend(FrameType.Hello, Channel.Session, new Hello
            {
                ServerName = "silo-1",
                InstallationRoot = ByteString.CopyFrom(installation.Authority.Root.RawData),
            });
            return await connection.RunAsync(this, token);
        }

        public Reason OnFrame(in FrameHeader header, in System.Buffers.ReadOnlySequence<byte> payload)
        {
            var join = Join.Parser.ParseFrom(payload);
            Assert.Equal(Reason.None, SigningRequest.TryRead(join.Csr.Span, out var key));
            using var certificate = installation.Authority.Issue(key!, PeerRole.Edge, join.EdgeId, installation.Now, TimeSpan.FromDays(CertificateDays));
            var mac = EnrolmentMacs.JoinAnswer(
                fault == "wrong secret" ? EnrolmentSecret.NewRandom() : secret, join.Mac.Span, certificate.RawData);
            _answer!(fault == "refused"
                ? new Joined { Reason = (uint)Reason.UnknownInvitation }
                : new Joined { Certificate = ByteString.CopyFrom(certificate.RawData), Mac = ByteString.CopyFrom(mac) });
            return Reason.None;
        }
    }
}
