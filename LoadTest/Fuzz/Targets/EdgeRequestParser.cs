using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Silo.Control;
using Body = OrleansUem.Protocol.Messages.ControlRequest.BodyOneofCase;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// What a stolen edge may ask a silo: <see cref="EdgeGuard"/>, the checks that stand before any grain. Whatever passes names a tenant whose tag fits, and identities and numbers in
/// their ranges.
/// </summary>
internal sealed class EdgeRequestParser : FuzzParser
{
    private static readonly byte[] TagKey = new byte[TenantTags.KeyBytes];

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly EdgeGuard _guard = new(new EdgeId("edge-1"), (tenant, tag) => TenantTags.Verify(TagKey, tenant, tag.Span));

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            using var device = _tenant.Issue(PeerRole.Device, "laptop-7");
            var id = _tenant.Authority.Id;
            var tag = ByteString.CopyFrom(TenantTags.Create(TagKey, id));
            var attach = AttachClaims.Create(device, tag.Span, new EdgeId("edge-1"), 3, FuzzAuthority.Now, "fuzz/1").ToByteString();
            var enrol = new Enrol { RequestId = 1, TenantId = id.Text, TenantTag = tag, ActivationId = new string('A', 22), Request = ByteString.CopyFrom(1, 2, 3) }.ToByteString();
            var identity = device.Identity.ToString();
            var report = new LeaseReport { LeaseId = $"{id.Text}/laptop-7/4", BytesIn = 5, FramesIn = 1, Reason = 405, FromDeviceSide = true };
            ControlRequest[] requests =
            [
                new() { TenantBundle = new TenantBundleRequest { TenantId = id.Text, TenantTag = tag } },
                new() { Attach = new AttachSession { SessionId = 1, Attach = attach, Address = "203.0.113.7", Transport = "tcp" } },
                new() { SessionsEnded = new SessionsEnded { Sessions = { new SessionEnded { Identity = identity, SessionId = 1, Generation = 2, Reason = 302 } } } },
                new() { OpenTunnel = new OpenTunnel { Identity = identity, SessionId = 1, Generation = 2, Channel = 1, NodeId = "node-1", RequestId = 9 } },
                new() { RenewLeases = new RenewLeases { Leases = { report, report } } },
                new() { TunnelsEnded = new TunnelsEnded { Leases = { report } } },
                new() { Enrol = new EnrolDevice { Enrol = enrol, Address = "2001:db8::1" } },
            ];
            return [.. requests.Select(request => request.ToByteArray())];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input) =>
        FuzzMessages.TryParse(ControlRequest.Parser, input) is { } request && request.BodyCase switch
        {
            Body.TenantBundle => Passes(_guard.CheckBundle(request.TenantBundle, out var tenant), tenant),
            Body.Attach => TakeAttach(request.Attach),
            Body.SessionsEnded => All(request.SessionsEnded.Sessions, ended => Passes(EdgeGuard.CheckEnded(ended, out var peer), peer)),
            Body.OpenTunnel => Passes(EdgeGuard.CheckOpen(request.OpenTunnel, out var device), device),
            Body.RenewLeases => All(request.RenewLeases.Leases, TakeLease),
            Body.TunnelsEnded => All(request.TunnelsEnded.Leases, TakeLease),
            Body.Enrol => Passes(_guard.CheckEnrol(request.Enrol, out var tenant), tenant),
            _ => false,
        };

    protected override void Close() => _tenant.Dispose();

    // Each entry is looked at, and one that passes is enough.
    private static bool All<T>(IEnumerable<T> entries, Func<T, bool> take)
    {
        var taken = 0;
        foreach (var entry in entries)
        {
            taken += take(entry) ? 1 : 0;
        }

        return taken > 0;
    }

    private bool TakeAttach(AttachSession request)
    {
        if (_guard.CheckAttach(request, out var attach, out var claimed, out var certificate).IsRefused)
        {
            return false;
        }

        using (certificate)
        {
            var reason = AttachClaims.Verify(attach!, certificate!, _tenant.Authority.Root, _guard.Edge, FuzzAuthority.Now, out var claim, out var identity);
            Require(reason != Protocol.Wire.Reason.None || (identity == claimed && claim!.Identity == identity.ToString()), "The claim is for another identity than the certificate's.");
        }

        return Passes(ControlRefusal.None, claimed);
    }

    private bool TakeLease(LeaseReport report)
    {
        if (!EdgeGuard.TryReadLease(report, out var tunnelKey, out var usage))
        {
            return false;
        }

        Require(usage.TunnelId is > 0 and <= long.MaxValue, "A tunnel id is out of its range.");
        Require($"{tunnelKey}/{usage.TunnelId}" == report.LeaseId, "A lease id has two forms.");
        return true;
    }

    private bool Passes(ControlRefusal refusal, TenantId tenant)
    {
        // The fuzzer has no key for tags: the only tenant with a tag is ours.
        Require(refusal.IsRefused || tenant == _tenant.Authority.Id, "A tenant passed without its tag.");
        return !refusal.IsRefused;
    }

    private static bool Passes(ControlRefusal refusal, PeerIdentity peer)
    {
        Require(refusal.IsRefused || (PeerIdentity.TryParse(peer.ToString(), out var again) && again == peer), "An identity has two forms.");
        return !refusal.IsRefused;
    }
}
