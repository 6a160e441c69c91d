using System.Security.Cryptography;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>A root for tests, and credentials under it made the way the product makes them: key, request, certificate.</summary>
public sealed class TestAuthority : IDisposable
{
    /// <summary>The moment at which test certificates are issued.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public TestAuthority(string name = "Test root", DateTimeOffset? now = null)
    {
        Now = now ?? Epoch;
        Authority = CertificateAuthority.Create(name, Now, TimeSpan.FromDays(3650));
    }

    public DateTimeOffset Now { get; }

    public CertificateAuthority Authority { get; }

    public TenantId Id => Authority.Id;

    public PeerCredentials Issue(PeerRole role, string name, TimeSpan? validity = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(Reason.None, SigningRequest.TryRead(SigningRequest.Create(key), out var publicKey));
        using var certificate = Authority.Issue(publicKey!, role, name, Now, validity ?? TimeSpan.FromDays(365));
        return PeerCredentials.Create(certificate, key, Authority.Root);
    }

    public void Dispose() => Authority.Dispose();
}
