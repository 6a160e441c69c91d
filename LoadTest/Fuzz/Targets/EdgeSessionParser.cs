using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// The edge's side of a session with a hostile peer: <see cref="EdgeSessionMachine"/> over a stream of frames. The TLS certificate is the one that ATTACH shows, so that what follows is reached; the
/// tenant's root and a silo that says yes are there. Nothing but ATTACH is allowed before, and nobody gets past the chain with a certificate that the tenant did not issue for the role.
/// </summary>
internal sealed class EdgeSessionParser : FuzzParser
{
    private const uint Tunnel = 0x0010_0001;

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly PeerCredentials _own;
    private readonly PeerRole _role;

    public EdgeSessionParser(PeerRole role)
    {
        _role = role;
        _own = _tenant.Issue(role, "peer-1");
    }

    public override IReadOnlyList<byte[]> Seeds =>
    [
        FuzzMessages.Stream(
            FuzzMessages.Frame(FrameType.Attach, 0, AttachClaims.Create(_own, new byte[TenantTags.TagBytes], new EdgeId("edge-1"), 3, FuzzAuthority.Now, "fuzz/1")),
            _role == PeerRole.Device ? FuzzMessages.Frame(FrameType.Open, 0, new Open { RequestId = 1 }) : FuzzMessages.Frame(FrameType.Opened, Tunnel, new Opened()),
            FuzzMessages.Frame(FrameType.Datagram, Tunnel, null),
            FuzzMessages.Frame(FrameType.CloseTunnel, Tunnel, new CloseTunnel { Reason = (uint)Reason.Idle })),
    ];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var buffer = new ReadOnlySequence<byte>(input.ToArray());
        EdgeSessionMachine? machine = null;
        X509Certificate2? shown = null;
        var now = FuzzAuthority.Now;
        while (FrameReader.TryRead(ref buffer, FrameLimits.MaxUnattachedPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
        {
            var attach = header.Type == FrameType.Attach ? FuzzMessages.TryParse(Attach.Parser, payload.ToArray()) : null;
            if (machine is null)
            {
                // TLS showed the same certificate as ATTACH, as far as it is one.
                _ = CertificateProfile.TryLoad(attach is null ? default : attach.Certificate.Span, out shown);
                machine = new EdgeSessionMachine(_role, shown ?? _own.Certificate, TimeSpan.FromSeconds(10));
            }

            if (machine.Judge(header.Type, header.Channel.IsSession) != Reason.None)
            {
                machine.End();
                break;
            }

            Require(machine.Phase != SessionPhase.AwaitingAttach || header.Type == FrameType.Attach, $"{header.Type} before ATTACH.");
            if (attach is not null && machine.Phase == SessionPhase.AwaitingAttach && machine.OnAttach(attach).Kind == SessionEffectKind.FetchBundle)
            {
                GoOn(machine, attach, now);
            }
        }

        shown?.Dispose();
        return machine?.Identity.Root.Text == _tenant.Authority.Id.Text;
    }

    protected override void Close()
    {
        _own.Dispose();
        _tenant.Dispose();
    }

    private void GoOn(EdgeSessionMachine machine, Attach attach, DateTimeOffset now)
    {
        if (machine.OnBundle(Reason.None, [_tenant.Authority.Root], now).Kind != SessionEffectKind.AskSilo)
        {
            return;
        }

        // A certificate that the root signed has a key of ours: the fuzzer has no key of the tenant. Its bytes may be another run's, whose signatures differ.
        using var certificate = X509CertificateLoader.LoadCertificate(attach.Certificate.Span);
        Require(certificate.GetPublicKey().AsSpan().SequenceEqual(_own.Certificate.GetPublicKey()), "A changed certificate passed the chain.");
        machine.OnSilo(new ControlAnswer { Attached = new SessionAttached { Identity = machine.Identity.ToString(), Generation = machine.Generation } });
        Require(machine.Phase == SessionPhase.Attached, "The silo said yes and the session is not attached.");
    }
}
