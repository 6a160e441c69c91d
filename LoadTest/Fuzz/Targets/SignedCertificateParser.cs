using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.LoadTest.Fuzz.Shapes;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// What a careless or hostile tenant's CA could sign: the input is a list of extensions, the certificate around it is signed well. The first byte of an entry picks the extension (subject alternative name, key
/// usage, extended key usage, basic constraints, unknown), the second says whether it is critical, two more give the length of the value. Whatever is accepted is of the root's own tenant and of one role.
/// </summary>
internal sealed class SignedCertificateParser : FuzzParser
{
    private const int HeaderBytes = 4;
    private static readonly string[] Oids = ["2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19", "1.3.6.1.4.1.99999.1"];

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly ECDsa _rootKey = FuzzAuthority.Key("tenant");
    private readonly PublicKey _publicKey;
    private readonly X509SignatureGenerator _generator;

    public SignedCertificateParser()
    {
        using var key = FuzzAuthority.Key("leaf");
        _publicKey = new PublicKey(key);
        _generator = X509SignatureGenerator.CreateForECDsa(_rootKey);
    }

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            var seeds = new List<byte[]>();
            foreach (var role in new[] { PeerRole.Device, PeerRole.Node, PeerRole.Edge })
            {
                using var credentials = _tenant.Issue(role, "peer-1");
                seeds.Add([.. credentials.Certificate.Extensions.SelectMany(Entry)]);
            }

            return seeds;
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var request = new CertificateRequest(new X500DistinguishedName("CN=fuzz"), _publicKey, HashAlgorithmName.SHA256);
        var oids = new HashSet<string>(StringComparer.Ordinal);
        while (input.Length >= HeaderBytes)
        {
            var oid = Oids[input[0] % Oids.Length];
            var length = Math.Min((input[2] << 8) | input[3], input.Length - HeaderBytes);

            // .NET refuses to build a certificate with an extension twice; others' software does build them, see the corpus of the target "certificate".
            if (oids.Add(oid))
            {
                request.CertificateExtensions.Add(new X509Extension(oid, input.Slice(HeaderBytes, length), (input[1] & 1) != 0));
            }

            input = input[(HeaderBytes + length)..];
        }

        using var made = request.Create(_tenant.Authority.Root.SubjectName, _generator, FuzzAuthority.Now.AddDays(-1), FuzzAuthority.Now.AddDays(1), [1, 2, 3]);
        if (CertificateProfile.TryLoad(made.RawDataMemory.Span, out var certificate) != Reason.None)
        {
            return false;
        }

        using (certificate)
        {
            var accepted = 0;
            foreach (var role in new[] { PeerRole.Device, PeerRole.Node, PeerRole.Edge, PeerRole.Silo })
            {
                if (CertificateProfile.Verify(certificate!, _tenant.Authority.Root, role, FuzzAuthority.Now, out var identity) == Reason.None)
                {
                    accepted++;
                    Require(identity.Root == _tenant.Authority.Id && identity.Role == role && NameRules.IsName(identity.Name), "An identity of another root, role or form is trusted.");
                }
            }

            Require(accepted <= 1, "One certificate has several roles.");
            Require(!CertificateProfile.IsRoot(certificate!), "A certificate that another key signed is a root.");
            return accepted == 1;
        }
    }

    protected override void Close()
    {
        _rootKey.Dispose();
        _tenant.Dispose();
    }

    private static byte[] Entry(X509Extension extension)
    {
        var oid = Array.IndexOf(Oids, extension.Oid!.Value);
        return oid < 0 ? [] : [(byte)oid, extension.Critical ? (byte)1 : (byte)0, (byte)(extension.RawData.Length >> 8), (byte)extension.RawData.Length, .. extension.RawData];
    }

    /// <summary>Entries as above: one is dropped, repeated or its DER changed, its length fitting again.</summary>
    internal sealed class EntriesShape : FuzzShape
    {
        public override byte[] Mutate(byte[] input, FuzzRandom random)
        {
            var entries = new List<byte[]>();
            for (var at = 0; input.Length - at >= HeaderBytes;)
            {
                var length = Math.Min((input[at + 2] << 8) | input[at + 3], input.Length - at - HeaderBytes);
                entries.Add(input[at..(at + HeaderBytes + length)]);
                at += HeaderBytes + length;
            }

            if (entries.Count == 0 || random.Once(10))
            {
                return Bytes.Mutate(input, random);
            }

            var picked = random.Next(entries.Count);
            switch (random.Next(6))
            {
                case 0:
                    entries.RemoveAt(picked);
                    break;
                case 1:
                    entries[picked][random.Next(2)] = random.NextByte();
                    break;
                default:
                    var value = DerShape.Instance.Mutate(entries[picked][HeaderBytes..], random);
                    value = value.Length <= 3_000 ? value : value[..3_000];
                    entries[picked] = [entries[picked][0], entries[picked][1], (byte)(value.Length >> 8), (byte)value.Length, .. value];
                    break;
            }

            return [.. entries.SelectMany(entry => entry)];
        }
    }
}
