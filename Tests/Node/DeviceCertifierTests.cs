using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Node;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class DeviceCertifierTests : IAsyncLifetime
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private NodeState _state = null!;
    private CertificateAuthority _authority = null!;
    private DeviceCertifier _certifier = null!;

    public async Task InitializeAsync()
    {
        _state = await NodeState.CreateAsync();
        _authority = _state.LoadAuthority();
        _certifier = new DeviceCertifier(_state.Files, _authority, TimeSpan.FromDays(365), _state.Time);
    }

    public Task DisposeAsync()
    {
        _authority.Dispose();
        _state.Dispose();
        _key.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void Answer_RightSecret_IssuesADeviceCertificateAndProvesItself()
    {
        var activation = _state.Activate("laptop-1");
        Assert.True(EnrolmentUri.TryParse(activation.ToSecretText(), out _, out var error), error);
        var request = NodeState.Request(activation, _key);
        var answer = _certifier.Answer(request, out var device);
        Assert.Equal((0u, 7ul, "laptop-1"), (answer.Reason, answer.RequestId, device));

        var grant = EnrolGrant.Parser.ParseFrom(answer.Answer);
        using var certificate = X509CertificateLoader.LoadCertificate(grant.Certificate.Span);
        Assert.Equal(
            Reason.None, CertificateProfile.Verify(certificate, _authority.Root, PeerRole.Device, _state.Time.GetUtcNow(), out var identity));
        Assert.Equal("laptop-1", identity.Name);
        Assert.Equal(_key.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        var sent = EnrolRequest.Parser.ParseFrom(request.Request);
        Assert.Equal(
            EnrolmentMacs.ActivationAnswer(activation.Secret.Span, sent.Mac.Span, grant.Certificate.Span, grant.Root.Span), grant.Mac.ToByteArray());
        Assert.Equal([IssuedLedger.Fingerprint(certificate)], IssuedLedger.Of(_state.Files, new DeviceId("laptop-1")));
    }

    [Fact]
    public void Answer_SameRequestAgain_SameAnswerAlsoAfterARestart()
    {
        var request = NodeState.Request(_state.Activate("laptop-1"), _key);
        var first = _certifier.Answer(request, out _);
        Assert.Equal(first, _certifier.Answer(request, out _));
        Assert.Equal(first, new DeviceCertifier(_state.Files, _authority, TimeSpan.FromDays(30), _state.Time).Answer(request, out _));
        Assert.Single(IssuedLedger.Of(_state.Files, new DeviceId("laptop-1")));
    }

    [Fact]
    public void Answer_UsedWithAnotherKey_Refused()
    {
        var activation = _state.Activate("laptop-1");
        _certifier.Answer(NodeState.Request(activation, _key), out _);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Refused(Reason.UnknownActivation, NodeState.Request(activation, other));
    }

    [Fact]
    public void Answer_CsrSwappedByTheRelay_Refused()
    {
        var activation = _state.Activate("laptop-1");
        var request = NodeState.Request(activation, _key);
        var sent = EnrolRequest.Parser.ParseFrom(request.Request);
        using var relays = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        sent.Csr = ByteString.CopyFrom(SigningRequest.Create(relays));
        request.Request = sent.ToByteString();
        Refused(Reason.UnknownActivation, request);
        Assert.Empty(IssuedLedger.Of(_state.Files, new DeviceId("laptop-1")));
    }

    [Fact]
    public void Answer_FiveWrongSecrets_VoidAlsoForTheRightOneAndAfterARestart()
    {
        var activation = _state.Activate("laptop-1");
        for (var i = 0; i < Activation.WrongAttemptsMax; i++)
        {
            Refused(Reason.UnknownActivation, NodeState.Request(activation, _key, EnrolmentSecret.NewRandom()));
            _certifier = new DeviceCertifier(_state.Files, _authority, TimeSpan.FromDays(365), _state.Time);
        }

        Refused(Reason.TooManyAttempts, NodeState.Request(activation, _key));
    }

    [Fact]
    public void Answer_FourWrongSecrets_TheRightOneStillWorks()
    {
        var activation = _state.Activate("laptop-1");
        for (var i = 0; i < Activation.WrongAttemptsMax - 1; i++)
        {
            Refused(Reason.UnknownActivation, NodeState.Request(activation, _key, EnrolmentSecret.NewRandom()));
        }

        Assert.Equal(0u, _certifier.Answer(NodeState.Request(activation, _key), out _).Reason);
    }

    [Fact]
    public void Answer_AfterItsTime_Expired()
    {
        var activation = _state.Activate("laptop-1", TimeSpan.FromMinutes(1));
        _state.Time.Advance(TimeSpan.FromSeconds(59));
        Refused(Reason.UnknownActivation, NodeState.Request(activation, _key, EnrolmentSecret.NewRandom()));
        _state.Time.Advance(TimeSpan.FromSeconds(1));
        Refused(Reason.ActivationExpired, NodeState.Request(activation, _key));
    }

    [Theory]
    [InlineData("BBBBBBBBBBBBBBBBBBBBBB")]
    [InlineData("")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("../activations/AAAAAAA")]
    public void Answer_MadeUpActivation_Unknown(string id)
    {
        var request = NodeState.Request(_state.Activate("laptop-1"), _key);
        request.ActivationId = id;
        Refused(Reason.UnknownActivation, request);
    }

    [Fact]
    public void Answer_OtherTenantVersionOrGarbage_Refused()
    {
        var activation = _state.Activate("laptop-1");
        var request = NodeState.Request(activation, _key);
        request.TenantId = new string('0', 64);
        Refused(Reason.UnknownTenant, request);
        request = NodeState.Request(activation, _key);
        request.Request = ByteString.CopyFrom(0xFF, 0xFF);
        Refused(Reason.MalformedFrame, request);
        request.Request = new EnrolRequest { Version = 2 }.ToByteString();
        Refused(Reason.UnsupportedVersion, request);
        Refused(Reason.BadRequest, NodeState.Request(activation, [1, 2, 3]));
        Assert.Equal(0u, _certifier.Answer(NodeState.Request(activation, _key), out _).Reason);
    }

    [Fact]
    public void Answer_Flood_Overloaded()
    {
        var request = NodeState.Request(_state.Activate("laptop-1"), _key);
        request.ActivationId = "BBBBBBBBBBBBBBBBBBBBBB";
        var reasons = Enumerable.Range(0, 60).Select(_ => _certifier.Answer(request, out var _).Reason).ToArray();
        Assert.Equal(10, reasons.Count(reason => reason == (uint)Reason.Overloaded));
        _state.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((uint)Reason.UnknownActivation, _certifier.Answer(request, out _).Reason);
    }

    [Fact]
    public void Append_FromManyAtOnce_LosesNoLine()
    {
        const int Appenders = 4;
        const int Lines = 100;
        using var round = new Barrier(Appenders);
        var threads = Enumerable.Range(0, Appenders).Select(appender => new Thread(() =>
        {
            for (var i = 0; i < Lines; i++)
            {
                round.SignalAndWait();
                NodeFiles.Append(_state.Files, "ledger", [$"{appender} {i}"]);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        var lines = NodeFiles.ReadLines(_state.Files, "ledger").Select(words => string.Join(' ', words)).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(Appenders * Lines, lines.Count);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_state.Files.PathOf("ledger")));
        }
    }

    [Fact]
    public void Revoke_Device_ItsCertificatesAndUnusedActivationsAreOverAndANewOneIsGood()
    {
        using var old = _state.Enrol("laptop-1");
        using var other = _state.Enrol("laptop-2");
        var unused = _state.Activate("laptop-1");
        var list = new RevocationList(_state.Files);
        Assert.False(list.IsRevoked(old.Certificate));
        Assert.Equal(1, NodeActivations.Revoke(_state.Path, new DeviceId("laptop-1"), _state.Time));
        Assert.Equal(0, NodeActivations.Revoke(_state.Path, new DeviceId("laptop-1"), _state.Time));
        Assert.True(list.IsRevoked(old.Certificate));
        Assert.False(list.IsRevoked(other.Certificate));
        Refused(Reason.UnknownActivation, NodeState.Request(unused, _key));
        using var fresh = _state.Enrol("laptop-1");
        Assert.False(list.IsRevoked(fresh.Certificate));
        Assert.True(list.IsRevoked(old.Certificate));
    }

    [Fact]
    public void Create_LifetimeOutOfBounds_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _state.Activate("laptop-1", TimeSpan.FromSeconds(59)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _state.Activate("laptop-1", TimeSpan.FromDays(31)));
        Assert.Throws<AgentStateException>(() => NodeActivations.Create(_state.Path + "-none", new DeviceId("laptop-1"), _state.Time));
    }

    private void Refused(Reason reason, Enrol request)
    {
        var answer = _certifier.Answer(request, out _);
        Assert.Equal(reason, (Reason)answer.Reason);
        Assert.True(answer.Answer.IsEmpty);
    }
}
