using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>A throw-away CA with a server's and a device's certificate (P-256) as PEM files, for peers that want them.</summary>
internal static class LabCertificates
{
    private static readonly DateTimeOffset NotBefore = TimeProvider.System.GetUtcNow().AddHours(-1);
    private static readonly DateTimeOffset NotAfter = NotBefore.AddDays(2);

    /// <summary>Writes ca.pem, server.pem, server.key, server-both.pem, device.pem and device.key.</summary>
    /// <param name="folder">Where.</param>
    /// <returns>The server's certificate.</returns>
    public static X509Certificate2 Write(string folder)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=lab", caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        using var ca = request.CreateSelfSigned(NotBefore, NotAfter);
        File.WriteAllText(Path.Combine(folder, "ca.pem"), ca.ExportCertificatePem());
        using var device = WriteLeaf(ca, folder, "device", "1.3.6.1.5.5.7.3.2");
        return WriteLeaf(ca, folder, "server", "1.3.6.1.5.5.7.3.1");
    }

    private static X509Certificate2 WriteLeaf(X509Certificate2 ca, string folder, string name, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(LabNetwork.CorpAddress));
        names.AddIpAddress(IPAddress.Parse(LabNetwork.RelayDeviceAddress));
        request.CertificateExtensions.Add(names.Build());
        var certificate = request.Create(ca, NotBefore, NotAfter, RandomNumberGenerator.GetBytes(16));
        var (certificateText, keyText) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, name + ".pem"), certificateText + "\n");
        File.WriteAllText(Path.Combine(folder, name + ".key"), keyText + "\n");
        File.WriteAllText(Path.Combine(folder, name + "-both.pem"), $"{certificateText}\n{keyText}\n");
        return certificate;
    }
}
