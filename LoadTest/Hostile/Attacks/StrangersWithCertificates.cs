using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Whole TLS handshakes with a certificate of the attacker's own making, and then silence: what costs the edge most for each connection of a stranger.</summary>
internal sealed class StrangersWithCertificates : IHostileAttack
{
    private const int AtATime = 64;

    public string Name => "handshakes";

    public string Summary => "whole TLS handshakes by strangers that then say nothing";

    public IReadOnlyList<string> Refusals => ["refusals"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=anybody", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var peers = new HostilePeer?[target.Options.Handshakes];
        using var hold = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Parallel.ForAsync(0, peers.Length, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (number, token) =>
                peers[number] = await HostilePeer.TryConnectAsync(target, number, Alpn.Device, certificate, token));
            hold.CancelAfter(target.Options.HoldTime);
            await Task.WhenAll(peers.OfType<HostilePeer>().Select(peer => peer.UntilClosedAsync(hold.Token)));
            return peers.Length;
        }
        finally
        {
            foreach (var peer in peers.OfType<HostilePeer>())
            {
                await peer.DisposeAsync();
            }
        }
    }
}
