using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// ENROL at the node, whose CA answers it: the input is the frame's payload. The clock moves on so that the rate limit is never what refuses. A certificate is issued only to the request whose MAC fits; after five wrong
/// attempts the activation is void, so the seed comes first.
/// </summary>
internal sealed class EnrolParser : FuzzParser
{
    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly ScratchState _state = new();
    private readonly Clock _clock = new();
    private readonly DeviceCertifier _certifier;
    private readonly byte[] _secret = new byte[EnrolmentSecret.SecretBytes];
    private readonly byte[] _csr;

    public EnrolParser()
    {
        using var key = FuzzAuthority.Key($"tenant/{PeerRole.Device}/laptop-7");
        _csr = SigningRequest.Create(key);
        var files = new StateDirectory(_state.Path);
        new ActivationStore(files).Put(new Activation
        {
            Id = new string('A', 22),
            Secret = Convert.ToBase64String(_secret),
            Device = "laptop-7",
            CreatedAt = FuzzAuthority.Now,
            ExpiresAt = FuzzAuthority.Now.AddYears(100),
        });
        _certifier = new DeviceCertifier(files, _tenant.Authority, TimeSpan.FromDays(30), _clock);
    }

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            var request = new EnrolRequest
            {
                Version = ProtocolVersion.Current,
                Csr = ByteString.CopyFrom(_csr),
                Mac = ByteString.CopyFrom(EnrolmentMacs.ActivationRequest(_secret, _tenant.Authority.Id, new string('A', 22), ProtocolVersion.Current, _csr)),
            };
            return [new Enrol { RequestId = 1, TenantId = _tenant.Authority.Id.Text, TenantTag = ByteString.CopyFrom(new byte[16]), ActivationId = new string('A', 22), Request = request.ToByteString() }.ToByteArray()];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (FuzzMessages.TryParse(Enrol.Parser, input) is not { } enrol)
        {
            return false;
        }

        _clock.Step();
        var answer = _certifier.Answer(enrol, out _);
        Require(answer.RequestId == enrol.RequestId && answer.Detail.Length <= FrameLimits.MaxDetailCharacters, "The answer is not for the request.");
        if (answer.Reason != 0)
        {
            Require(answer.Answer.IsEmpty, "A refusal carries a grant.");
            return false;
        }

        var request = EnrolRequest.Parser.ParseFrom(enrol.Request);
        Require(request.Csr.Span.SequenceEqual(_csr), "A certificate was issued for a request that the secret does not cover.");
        return true;
    }

    protected override void Close()
    {
        _state.Dispose();
        _tenant.Dispose();
    }

    private sealed class Clock : TimeProvider
    {
        private long _seconds;

        public void Step() => _seconds++;

        public override DateTimeOffset GetUtcNow() => FuzzAuthority.Now.AddSeconds(_seconds);

        public override long GetTimestamp() => _seconds;

        public override long TimestampFrequency => 1;
    }
}
