using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Tests.Dtls;

/// <summary>Self-signed certificates made once per run. Their validity does not matter: the verifier under test
/// decides.</summary>
internal static class DtlsCertificates
{
    private static readonly DateTimeOffset NotBefore = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2045, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static X509Certificate2 Device { get; } = Make("CN=device", ECCurve.NamedCurves.nistP256);

    public static X509Certificate2 Node { get; } = Make("CN=node", ECCurve.NamedCurves.nistP256);

    public static X509Certificate2 Node384 { get; } = Make("CN=node-384", ECCurve.NamedCurves.nistP384);

    public static X509Certificate2 Device521 { get; } = Make("CN=device-521", ECCurve.NamedCurves.nistP521);

    /// <summary>Large enough for a Certificate message of several datagrams at small limits.</summary>
    public static X509Certificate2 LargeNode { get; } = Make("CN=node-" + new string('x', 60), ECCurve.NamedCurves.nistP256, names: 60);

    public static X509Certificate2 Rsa { get; } = MakeRsa();

    private static X509Certificate2 Make(string subject, ECCurve curve, int names = 1)
    {
        using var key = ECDsa.Create(curve);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        for (var i = 0; i < names; i++)
        {
            alternatives.AddDnsName($"name-{i}.example.test");
        }

        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(NotBefore, NotAfter);
    }

    private static X509Certificate2 MakeRsa()
    {
        using var key = RSA.Create(2048);
        return new CertificateRequest("CN=rsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(NotBefore, NotAfter);
    }
}
