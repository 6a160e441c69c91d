using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Xunit;

namespace OrleansUem.Tests.Repo;

/// <summary>
/// docs/cryptography.md, "Inventory": one row for each cryptographic operation with every file of the product that asks for it. Whoever uses cryptography in a new place adds it
/// to its row; whoever uses a new kind of it adds a row and says what becomes of it in FIPS mode.
/// </summary>
public sealed partial class CryptographyTests
{
    private const string Document = "docs/cryptography.md";

    private static readonly string[] Product =
        ["Agent", "Device", "Dtls", "Edge", "Embedded", "Grains", "Grains.Interfaces", "Node", "Protocol", "Silo", "Transport", "Uem"];

    // What an operation looks like in a source; the names are those of the rows.
    private static readonly Dictionary<string, string> Operations = new(StringComparer.Ordinal)
    {
        ["RandomNumberGenerator"] = @"\bRandomNumberGenerator\b",
        ["SHA256"] = @"(?<!HashAlgorithmName\.)\bSHA256\.",
        ["SHA384"] = @"(?<!HashAlgorithmName\.)\bSHA384\.",
        ["SHA512"] = @"(?<!HashAlgorithmName\.)\bSHA512\.",
        ["SHA1"] = @"(?<!HashAlgorithmName\.)\bSHA1\.",
        ["HMACSHA256"] = @"\bHMACSHA256\b",
        ["IncrementalHash"] = @"\bIncrementalHash\b",
        ["HKDF"] = @"\bHKDF\b",
        ["CryptographicOperations"] = @"\bCryptographicOperations\b",
        ["ECDsa"] = @"\.(SignData|VerifyData|SignHash|VerifyHash)\(|\bECDsa\.Create\(",
        ["CertificateRequest"] = @"\b(CertificateRequest|X509SignatureGenerator|X509SubjectKeyIdentifierExtension)\b",
        ["X509Chain"] = @"\bX509Chain\b",
        ["X509CertificateLoader"] = @"\bX509CertificateLoader\b",
        ["SslStream"] = @"\bnew SslStream\b|\.UseTls\(",
        ["libssl"] = @"\bSSL_(do_handshake|export_keying_material)\(",
        ["libcrypto"] = @"\b(EVP_[A-Za-z0-9_]+|RAND_[a-z_]+|d2i_[A-Za-z0-9]+|i2d_[A-Za-z0-9]+|PEM_[A-Za-z0-9_]+)\(",
        ["MD5"] = @"\bMD5\.",
        ["ChaCha20Poly1305"] = @"\bChaCha20Poly1305\b",
    };

    // Types that carry keys, certificates, names of algorithms or failures from one operation to the other, and those that the patterns above name otherwise.
    private static readonly string[] Carriers =
    [
        "AsymmetricAlgorithm", "CryptographicException", "ECCurve", "HashAlgorithmName", "Oid", "PublicKey", "X509BasicConstraintsExtension", "X509Certificate",
        "X509Certificate2", "X509ChainPolicy", "X509ChainStatusFlags", "X509ChainTrustMode", "X509ContentType", "X509EnhancedKeyUsageExtension", "X509Extension",
        "X509KeyStorageFlags", "X509KeyUsageExtension", "X509KeyUsageFlags", "X509RevocationMode", "X509VerificationFlags", "X500DistinguishedName",
        "X500DistinguishedNameBuilder", "SubjectAlternativeNameBuilder", "X509AuthorityKeyIdentifierExtension", "X509SubjectAlternativeNameExtension", "OidCollection",
        "CertificateRequestLoadOptions", "PemEncoding", "X509ExtensionCollection", "X509Certificate2Collection", "ECParameters", "ECPoint", "DSASignatureFormat", "PemFields",
        "X509SignatureGenerator", "X509SubjectKeyIdentifierExtension", "X509RevocationFlag", "X509ChainStatus", "X509NameType", "X500RelativeDistinguishedName",
        "SafeEvpPKeyHandle",
    ];

    [Fact]
    public void Inventory_NamesEveryUse()
    {
        var found = Operations.ToDictionary(
            static operation => operation.Key,
            operation => Sources().Where(file => Regex.IsMatch(Repository.Read(file), operation.Value)).Select(NameOf).Order(StringComparer.Ordinal).ToArray(),
            StringComparer.Ordinal);
        var rows = Rows();
        foreach (var (operation, files) in found)
        {
            Assert.True(files.Length == 0 || rows.ContainsKey(operation), $"{Document} has no row for {operation}, used in {string.Join(", ", files)}.");
            if (files.Length > 0)
            {
                Assert.True(
                    files.SequenceEqual(rows[operation].Order(StringComparer.Ordinal), StringComparer.Ordinal),
                    $"{Document}, row {operation}: has {string.Join(", ", rows[operation].Except(files))} too many and lacks {string.Join(", ", files.Except(rows[operation]))}.");
            }
        }

        Assert.Empty(rows.Keys.Except(found.Where(static pair => pair.Value.Length > 0).Select(static pair => pair.Key)));
    }

    /// <summary>A type of .NET's cryptography that no row and no carrier stands for is a new kind of operation.</summary>
    [Fact]
    public void Types_OfDotNet_AreKnown()
    {
        var types = typeof(SHA256).Assembly.GetExportedTypes()
            .Where(static type => !type.IsNested && type.Namespace is "System.Security.Cryptography" or "System.Security.Cryptography.X509Certificates")
            .Select(static type => type.Name.Split('`')[0])
            .Except([.. Operations.Keys, .. Carriers], StringComparer.Ordinal)
            .ToHashSet(StringComparer.Ordinal);
        var unknown = Sources()
            .Where(static file => Repository.Read(file).Contains("System.Security.Cryptography", StringComparison.Ordinal))
            .SelectMany(file => Word().Matches(CommentOrText().Replace(Repository.Read(file), "")).Select(word => word.Value).Where(types.Contains).Distinct().Select(type => $"{file}: {type}"));
        Assert.Empty(unknown);
    }

    private static IEnumerable<string> Sources() => Repository.Files("*.cs").Where(static file => Product.Contains(file.Split('/')[0], StringComparer.Ordinal));

    // As the document writes it: without the ending.
    private static string NameOf(string file) => file[..^".cs".Length];

    private static Dictionary<string, string[]> Rows() => Row().Matches(Repository.Read(Document)).ToDictionary(
        static row => row.Groups["operation"].Value,
        static row => FileName().Matches(row.Groups["files"].Value).Select(static file => file.Groups[1].Value).ToArray(),
        StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(?<operation>[A-Za-z0-9]+)` \|[^|]*\|[^|]*\|[^|]*\|(?<files>[^|]*)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`([A-Za-z0-9_./]+)`")]
    private static partial Regex FileName();

    [GeneratedRegex(@"\b[A-Z][A-Za-z0-9_]+\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"//.*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex CommentOrText();
}
