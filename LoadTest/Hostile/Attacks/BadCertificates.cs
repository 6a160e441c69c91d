using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>ATTACH with certificates that are none, of a stranger's CA, of another role, with a large RSA key, or another's than the handshake's.</summary>
internal sealed class BadCertificates : IHostileAttack
{
    private const int AtATime = 16;
    private const int LargeKeyBits = 4_096;

    public string Name => "certificates";

    public string Summary => "ATTACH with malformed, foreign and borrowed certificates";

    public IReadOnlyList<string> Refusals =>
        ["refusals/CertificateMalformed", "refusals/CertificateWrongName", "refusals/CertificateWrongRole", "refusals/UnknownTenant"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var device = await target.EnrolAsync(cancellationToken);
        var now = TimeProvider.System.GetUtcNow();
        using var stranger = CertificateAuthority.Create("Stranger", now, TimeSpan.FromDays(10));
        using var foreign = Issue(stranger, PeerRole.Device, now);
        using var node = Issue(stranger, PeerRole.Node, now);
        using var rsaKey = RSA.Create(LargeKeyBits);
        using var rsa = new CertificateRequest("CN=large", rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var junk = RandomNumberGenerator.GetBytes(500);
        (X509Certificate2 Tls, byte[] Shown, Reason Expected)[] kinds =
        [
            (rsa, rsa.RawData, Reason.CertificateMalformed),
            (foreign, foreign.RawData, Reason.UnknownTenant),
            (node, node.RawData, Reason.CertificateWrongRole),
            (foreign, junk, Reason.CertificateWrongName),
            (foreign, device.Enrolment.Credentials.Certificate.RawData, Reason.CertificateWrongName),
        ];
        var wrong = new ConcurrentBag<string>();
        var count = Math.Max(kinds.Length, target.Options.Handshakes / 4);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (number, token) =>
        {
            var (tls, shown, expected) = kinds[number % kinds.Length];
            if (await HostilePeer.TryConnectAsync(target, number, Alpn.Device, tls, token) is { } peer)
            {
                await using var held = peer;
                var attach = HostilePeer.AttachOf(device, new EdgeId("edge-1"));
                attach.Certificate = ByteString.CopyFrom(shown);
                await peer.SendAsync(FrameType.Attach, Channel.Session, attach, token);
                var reason = await peer.UntilClosedAsync(token);
                if (reason != expected)
                {
                    wrong.Add($"{expected.Describe()} was answered with {reason.Describe()}");
                }
            }
        });
        return wrong.IsEmpty ? count : throw new InvalidOperationException(string.Join("; ", wrong.Distinct()));
    }

    private static X509Certificate2 Issue(CertificateAuthority authority, PeerRole role, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _ = SigningRequest.TryRead(SigningRequest.Create(key), out var publicKey);
        using var certificate = authority.Issue(publicKey!, role, "anybody", now, TimeSpan.FromDays(1));
        return certificate.CopyWithPrivateKey(key);
    }
}
