using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>A tenant or installation whose keys are the same in every run, so that an input that was accepted once is accepted again.</summary>
internal sealed class FuzzAuthority : IDisposable
{
    /// <summary>The clock of every target.</summary>
    public static readonly DateTimeOffset Now = new(2026, 7, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _name;

    public FuzzAuthority(string name)
    {
        _name = name;
        Authority = CertificateAuthority.Create("Fuzz " + name, Key(name), Now.AddDays(-30), TimeSpan.FromDays(3_650));
    }

    public CertificateAuthority Authority { get; }

    /// <summary>A key that only depends on its name.</summary>
    public static ECDsa Key(string name) => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        D = SHA256.HashData(Encoding.ASCII.GetBytes("uem fuzz key: " + name)),
    });

    public PeerCredentials Issue(PeerRole role, string name)
    {
        using var key = Key($"{_name}/{role}/{name}");
        using var certificate = Authority.Issue(new PublicKey(key), role, name, Now.AddDays(-1), TimeSpan.FromDays(365));
        return PeerCredentials.Create(certificate, key, Authority.Root);
    }

    public void Dispose() => Authority.Dispose();
}
