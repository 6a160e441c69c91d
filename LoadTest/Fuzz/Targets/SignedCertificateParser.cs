using System.Formats.Asn1;
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
    private static readonly PeerRole[] Roles = [PeerRole.Device, PeerRole.Node, PeerRole.Edge, PeerRole.Silo];
    private static readonly string[] Oids = ["2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19", "1.3.6.1.4.1.99999.1"];

    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly ECDsa _rootKey = FuzzAuthority.Key("tenant");
    private readonly byte[] _publicKey;
    private readonly byte[] _subject = new X500DistinguishedName("CN=fuzz").RawData;

    public SignedCertificateParser()
    {
        using var key = FuzzAuthority.Key("leaf");
        _publicKey = key.ExportSubjectPublicKeyInfo();
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
        var entryBytes = input.Length;
        if (CertificateProfile.TryLoad(Sign(Content(input)), out var certificate) != Reason.None)
        {
            return false;
        }

        using (certificate)
        {
            var claimed = CertificateProfile.ReadIdentity(certificate!, out var own) == Reason.None ? own.Role : default;
            var accepted = 0;

            // A verification costs as much as all before it: the role that the certificate claims, and one of the others in turn.
            foreach (var role in claimed == default ? Roles : [claimed, Roles[(Array.IndexOf(Roles, claimed) + 1 + (entryBytes % (Roles.Length - 1))) % Roles.Length]])
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

    // RFC 5280 §4.1, written here: .NET refuses an extension that stands twice, which others' software signs, and decodes what it made.
    private byte[] Content(ReadOnlySpan<byte> entries)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                writer.WriteInteger(2);
            }

            writer.WriteInteger(0x010203);
            WriteAlgorithm(writer);
            writer.WriteEncodedValue(_tenant.Authority.Root.SubjectName.RawData);
            using (writer.PushSequence())
            {
                writer.WriteUtcTime(FuzzAuthority.Now.AddDays(-1));
                writer.WriteUtcTime(FuzzAuthority.Now.AddDays(1));
            }

            writer.WriteEncodedValue(_subject);
            writer.WriteEncodedValue(_publicKey);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 3)))
            using (writer.PushSequence())
            {
                WriteExtensions(writer, entries);
            }
        }

        return writer.Encode();
    }

    private static void WriteExtensions(AsnWriter writer, ReadOnlySpan<byte> entries)
    {
        while (entries.Length >= HeaderBytes)
        {
            var length = Math.Min((entries[2] << 8) | entries[3], entries.Length - HeaderBytes);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids[entries[0] % Oids.Length]);
                if ((entries[1] & 1) != 0)
                {
                    writer.WriteBoolean(true);
                }

                writer.WriteOctetString(entries.Slice(HeaderBytes, length));
            }

            entries = entries[(HeaderBytes + length)..];
        }
    }

    private byte[] Sign(byte[] content)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(content);
            WriteAlgorithm(writer);
            writer.WriteBitString(_rootKey.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }

        return writer.Encode();
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.10045.4.3.2"); // ecdsa-with-SHA256
        }
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
