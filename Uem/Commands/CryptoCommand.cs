using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Dtls.Fips;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem crypto</c>: tries what the product needs of cryptography and what FIPS mode must refuse, so that a module is known to fit before a role starts with it.</summary>
internal static class CryptoCommand
{
    private static readonly byte[] Text = Encoding.ASCII.GetBytes("abc");

    // What the roles ask of .NET, and so of libcrypto (docs/cryptography.md); libssl's part shows at the first handshake.
    private static readonly (string Name, Action Try)[] Needed =
    [
        ("random numbers", () => RandomNumberGenerator.GetBytes(32)),
        ("SHA-256", () => SHA256.HashData(Text)),
        ("HMAC-SHA-256", () => HMACSHA256.HashData(new byte[32], Text)),
        ("HKDF-SHA-256", () => HKDF.DeriveKey(HashAlgorithmName.SHA256, new byte[32], 32, info: Text)),
        ("ECDSA P-256", () => SignWith(ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256)),
        ("ECDSA P-384", () => SignWith(ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384)),
        ("certificate and PKCS#10", Certify),
    ];

    private static readonly (string Name, Action Try)[] NotApproved =
    [
#pragma warning disable CA5351 // It is here to be refused.
        ("MD5", () => MD5.HashData(Text)),
#pragma warning restore CA5351
        ("ChaCha20-Poly1305", Seal),
    ];

    public static Command Create()
    {
        var command = new Command("crypto", "Try the cryptography that the product needs; with --fips, also that nothing else can be had.");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        Console.WriteLine($"FIPS mode {(FipsMode.IsEnabled ? "on" : "off")}");
        var isGood = true;
        foreach (var (name, attempt) in Needed)
        {
            var fault = FindFault(attempt);
            isGood &= fault is null;
            Console.WriteLine($"{name}: {fault ?? "works"}");
        }

        foreach (var (name, attempt) in NotApproved)
        {
            var fault = FindFault(attempt);
            isGood &= fault is not null || !FipsMode.IsEnabled;
            Console.WriteLine($"{name} (not approved, not used): {(fault is null ? "works" : "refused")}");
        }

        return isGood ? ExitCode.Ok : ExitCode.Refused;
    }

    private static string? FindFault(Action attempt)
    {
        try
        {
            attempt();
            return null;
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            return $"FAILS: {e.Message.ReplaceLineEndings(" ")}";
        }
    }

    private static void SignWith(ECCurve curve, HashAlgorithmName hash)
    {
        using var key = ECDsa.Create(curve);
        if (!key.VerifyData(Text, key.SignData(Text, hash), hash))
        {
            throw new CryptographicException("a signature does not verify");
        }
    }

    private static void Certify()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=probe", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        using var copy = X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        CertificateRequest.LoadSigningRequest(request.CreateSigningRequest(), HashAlgorithmName.SHA256);
    }

    private static void Seal()
    {
        using var cipher = new ChaCha20Poly1305(new byte[32]);
        cipher.Encrypt(new byte[12], Text, new byte[Text.Length], new byte[16]);
    }
}
