using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// What a device that has its key may claim: the input is an AttachClaim, the ATTACH around it is signed well. Accepted is only the device's own identity at this edge and time, with a generation in its range.
/// </summary>
internal sealed class ClaimParser : FuzzParser
{
    private static readonly EdgeId Edge = new("edge-1");

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly PeerCredentials _own;
    private readonly System.Security.Cryptography.ECDsa _key;

    public ClaimParser()
    {
        _own = _tenant.Issue(PeerRole.Device, "laptop-7");
        _key = FuzzAuthority.Key($"tenant/{PeerRole.Device}/laptop-7");
    }

    public override IReadOnlyList<byte[]> Seeds =>
        [AttachClaims.Create(_own, new byte[TenantTags.TagBytes], Edge, 3, FuzzAuthority.Now, "fuzz/1").Claim.ToByteArray()];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var attach = new Attach
        {
            Version = ProtocolVersion.Current,
            Certificate = ByteString.CopyFrom(_own.Certificate.RawData),
            Claim = ByteString.CopyFrom(input),
            Signature = ByteString.CopyFrom(SignedText.Sign(_key, SignedText.Attach, input)),
            Software = "fuzz/1",
        };
        var reason = Verify(attach, input.Length, out var claim, out var identity);
        if (reason != Reason.None)
        {
            return false;
        }

        Require(claim!.Identity == _own.Identity.ToString() && identity == _own.Identity && claim.EdgeId == Edge.Text, "A claim for another is accepted.");
        Require(claim.Generation is > 0 and <= long.MaxValue, "A generation out of its range is accepted.");
        Require(Math.Abs(claim.TimeUnixMs - (decimal)FuzzAuthority.Now.ToUnixTimeMilliseconds()) <= (decimal)AttachClaims.MaxSkew.TotalMilliseconds, "A claim of another time is accepted.");
        return true;
    }

    // The certificate is the same each time, so it is decoded once; one input in sixteen takes the way that decodes it, which must not hand out what it refused.
    private Reason Verify(Attach attach, int inputBytes, out AttachClaim? claim, out PeerIdentity identity)
    {
        if (inputBytes % 16 != 0)
        {
            return AttachClaims.Verify(attach, _own.Certificate, _tenant.Authority.Root, Edge, FuzzAuthority.Now, out claim, out identity);
        }

        var reason = AttachClaims.Verify(attach, _tenant.Authority.Root, Edge, FuzzAuthority.Now, out claim, out identity, out var certificate);
        using (certificate)
        {
            Require((reason == Reason.None) == (certificate is not null), "A refused claim handed its certificate out.");
        }

        return reason;
    }

    protected override void Close()
    {
        _key.Dispose();
        _own.Dispose();
        _tenant.Dispose();
    }
}
