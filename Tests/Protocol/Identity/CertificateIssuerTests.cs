using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Protocol.Identity;

/// <summary>What is said of a leaf and a root in a check of one signature is what a chain says that .NET builds.</summary>
public sealed class CertificateIssuerTests : IDisposable
{
    private static readonly byte[] EcdsaWithSha384 = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];
    private static readonly byte[] EcdsaWithSha256AndNull = [0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x05, 0x00];

    /// <summary>Each makes a leaf and a root of the same tenant.</summary>
    private static readonly Dictionary<string, Func<HostileCertificates, (X509Certificate2 Leaf, X509Certificate2 Root)>> Pairs = new(StringComparer.Ordinal)
    {
        ["as issued"] = made => (made.Leaf(), made.Root()),
        ["SHA-384"] = made => (made.Leaf(hash: HashAlgorithmName.SHA384), made.Root()),
        ["an unknown extension"] = made => (made.Leaf(change: request => request.CertificateExtensions.Add(HostileCertificates.Unknown(false))), made.Root()),
        ["an unknown extension in the root"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions.Add(HostileCertificates.Unknown(false)))),
        ["the root's key identifier"] = made => Authority(made, root => X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false)),
        ["the root's name and number"] = made => Authority(made, root => X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, false, true)),
        ["a root without key usage"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions.RemoveAt(1))),
        ["a root without path length"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions[0] = new X509BasicConstraintsExtension(true, false, 0, true))),
        ["a root without key identifier"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions.RemoveAt(2))),

        ["a key of somebody else"] = made => (made.Leaf(signer: made.LeafKey), made.Root()),
        ["another issuer's name"] = made => (made.Leaf("CN=Other"), made.Root()),
        ["a root of another name"] = made => (made.Leaf(), made.Root("CN=Other")),
        ["another key identifier"] = made => Authority(made, _ => X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier([1, 2, 3])),
        ["another number"] = made => Authority(made, root => X509AuthorityKeyIdentifierExtension.CreateFromIssuerNameAndSerialNumber(root.SubjectName, [9, 9])),
        ["another name beside the number"] = made => Authority(made, root =>
            X509AuthorityKeyIdentifierExtension.CreateFromIssuerNameAndSerialNumber(new X500DistinguishedName("CN=Other"), root.SerialNumberBytes.Span)),
        ["a key identifier that does not decode"] = made => Authority(made, _ => new X509Extension("2.5.29.35", [0x30, 0x05, 0x80], false)),
        ["a critical extension"] = made => (made.Leaf(change: request => request.CertificateExtensions.Add(HostileCertificates.Unknown(true))), made.Root()),
        ["a critical extension in the root"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions.Add(HostileCertificates.Unknown(true)))),
        ["a root that is none"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions[0] = new X509BasicConstraintsExtension(false, false, 0, true))),
        ["a root that signs no certificates"] = made =>
            (made.Leaf(), made.Root(change: request => request.CertificateExtensions[1] = new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true))),
        ["a certificate of a proxy"] = made =>
            (made.Leaf(change: request => request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.14", ProxyInformation(), true))), made.Root()),
        ["another algorithm outside"] = made => (HostileCertificates.Assemble(made.Leaf(), algorithm: EcdsaWithSha384), made.Root()),
        ["another algorithm outside, and signed so"] = made => (
            HostileCertificates.Assemble(
                made.Leaf(), EcdsaWithSha384, signed => made.RootKey.SignData(signed, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence)), made.Root()),
        ["no signature"] = made => (HostileCertificates.Assemble(made.Leaf(), signature: _ => []), made.Root()),
        ["zeros for a signature"] = made => (HostileCertificates.Assemble(made.Leaf(), signature: _ => [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00]), made.Root()),
        ["bytes behind the signature"] = made => (HostileCertificates.Assemble(made.Leaf(), signature: signed => [.. Sign(made, signed), 0x00]), made.Root()),
        ["a signature of half a byte less"] = made => (HostileCertificates.Assemble(made.Leaf(), signature: signed => Even(made, signed), unusedBits: 1), made.Root()),
        ["a leaf that signs"] = made => (made.Leaf("CN=leaf", signer: made.LeafKey), made.Root()),
        ["itself for a root"] = made => Twice(made.Leaf("CN=leaf", signer: made.LeafKey)),
    };

    /// <summary>What OpenSSL lets pass, and we do not: nothing that the product ever issued.</summary>
    private static readonly Dictionary<string, Func<HostileCertificates, (X509Certificate2 Leaf, X509Certificate2 Root)>> StricterPairs = new(StringComparer.Ordinal)
    {
        ["SHA-512"] = made => (made.Leaf(hash: HashAlgorithmName.SHA512), made.Root()),
        ["the name in another case"] = made => (made.Leaf("CN=ROOT"), made.Root()),
        ["constraints of names"] = made => (made.Leaf(), made.Root(change: request => request.CertificateExtensions.Add(new X509Extension("2.5.29.30", NoExample(), true)))),
    };

    private readonly HostileCertificates _made = new();

    public static TheoryData<string> Cases => [.. Pairs.Keys];

    public static TheoryData<string> StricterCases => [.. StricterPairs.Keys];

    public void Dispose() => _made.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Verify_Pair_IsAsTheChainSays(string name)
    {
        var (leaf, root) = Pairs[name](_made);
        using (leaf)
        using (root)
        {
            Assert.Equal(ChainOracle.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch), CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _));
        }
    }

    /// <summary>The table would say nothing if all of it were refused, or nothing.</summary>
    [Fact]
    public void Verify_Pairs_AreOfBothKinds()
    {
        var accepted = 0;
        foreach (var make in Pairs.Values)
        {
            var (leaf, root) = make(_made);
            using (leaf)
            using (root)
            {
                accepted += CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _) == Reason.None ? 1 : 0;
            }
        }

        Assert.Equal(9, accepted);
    }

    [Theory]
    [MemberData(nameof(StricterCases))]
    public void Verify_WhatWeNeverIssue_IsUntrusted(string name)
    {
        var (leaf, root) = StricterPairs[name](_made);
        using (leaf)
        using (root)
        {
            Assert.Equal(Reason.None, ChainOracle.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch));
            Assert.Equal(Reason.CertificateUntrusted, CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _));
        }
    }

    [Fact]
    public void Verify_ExtensionTwice_IsRefused()
    {
        // .NET's request refuses to make one; the extension stands twice where an unknown one was, under the same signature's key.
        using var leaf = _made.Leaf(change: request => request.CertificateExtensions.Add(new X509Extension("2.5.29.99", [0x05, 0x00], false)));
        using var root = _made.Root();
        var der = leaf.RawData;
        der[der.AsSpan().IndexOf<byte>([0x55, 0x1D, 0x63]) + 2] = 0x0F; // key usage
        using var changed = X509CertificateLoader.LoadCertificate(der);
        using var twice = HostileCertificates.Assemble(changed, signature: signed => Sign(_made, signed));
        Assert.Equal(Reason.None, CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _));
        Assert.NotEqual(Reason.None, CertificateProfile.Verify(twice, root, PeerRole.Device, TestAuthority.Epoch, out _));
        Assert.NotEqual(Reason.None, ChainOracle.Verify(twice, root, PeerRole.Device, TestAuthority.Epoch));
    }

    [Fact]
    public void Verify_AlgorithmWithParameters_IsRefused()
    {
        using var leaf = _made.Leaf();
        using var root = _made.Root();
        using var changed = HostileCertificates.Assemble(leaf, EcdsaWithSha256AndNull);
        Assert.Equal(Reason.CertificateUntrusted, CertificateProfile.Verify(changed, root, PeerRole.Device, TestAuthority.Epoch, out _));
    }

    /// <summary>Each bit of a certificate in turn, both checks: nothing is trusted that the root did not sign.</summary>
    [Fact]
    public void Verify_EachByteChanged_IsNeverTrusted()
    {
        using var leaf = _made.Leaf();
        using var root = _made.Root();
        var der = leaf.RawData;
        for (var i = 0; i < der.Length; i++)
        {
            der[i] ^= (byte)(1 << (i % 8));
            if (CertificateProfile.TryLoad(der, out var changed) == Reason.None)
            {
                using (changed)
                {
                    if (!changed!.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span))
                    {
                        Assert.NotEqual(Reason.None, CertificateProfile.Verify(changed, root, PeerRole.Device, TestAuthority.Epoch, out _));
                    }
                }
            }

            der[i] ^= (byte)(1 << (i % 8));
        }
    }

    [Fact]
    public void Verify_RootOnP384_IsAccepted()
    {
        using var made = new HostileCertificates(ECCurve.NamedCurves.nistP384);
        using var leaf = made.Leaf(hash: HashAlgorithmName.SHA384);
        using var root = made.Root();
        Assert.Equal(Reason.None, CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _));
    }

    /// <summary>The root and its decoded key are shared by all threads that ask, from the first moment on; each has its own certificate to ask about.</summary>
    [Fact]
    public async Task Verify_ManyThreads_AgreeAboutEach()
    {
        const int threads = 4;
        const int rounds = 100;
        using var good = _made.Leaf();
        using var bad = _made.Leaf(signer: _made.LeafKey);
        using var madeRoot = _made.Root();
        var roots = Enumerable.Range(0, rounds).Select(_ => Copy(madeRoot)).ToArray();
        using var together = new Barrier(threads);
        var found = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                using var leaf = Copy(thread == 0 ? bad : good);
                return Array.ConvertAll(roots, root =>
                {
                    together.SignalAndWait();
                    return CertificateProfile.Verify(leaf, root, PeerRole.Device, TestAuthority.Epoch, out _);
                });
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Array.ForEach(roots, root => root.Dispose());
        Assert.All(found[0], reason => Assert.Equal(Reason.CertificateUntrusted, reason));
        Assert.All(found[1..], reasons => Assert.All(reasons, reason => Assert.Equal(Reason.None, reason)));
    }

    private static (X509Certificate2 Leaf, X509Certificate2 Root) Authority(HostileCertificates made, Func<X509Certificate2, X509Extension> extension)
    {
        var root = made.Root();
        return (made.Leaf(change: request => request.CertificateExtensions.Add(extension(root))), root);
    }

    private static (X509Certificate2 Leaf, X509Certificate2 Root) Twice(X509Certificate2 certificate) => (certificate, Copy(certificate));

    private static X509Certificate2 Copy(X509Certificate2 certificate) => X509CertificateLoader.LoadCertificate(certificate.RawData);

    private static byte[] Sign(HostileCertificates made, byte[] signed) => made.RootKey.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    // One whose last bit is 0, so that it may be called unused.
    private static byte[] Even(HostileCertificates made, byte[] signed)
    {
        while (true)
        {
            var signature = Sign(made, signed);
            if ((signature[^1] & 1) == 0)
            {
                return signature;
            }
        }
    }

    // RFC 3820 §3.8: a policy of "inherit all".
    private static byte[] ProxyInformation()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.3.6.1.5.5.7.21.1");
        }

        return writer.Encode();
    }

    // RFC 5280 §4.2.1.10: excluded is a DNS name that no leaf of ours has.
    private static byte[] NoExample()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, "example.org", new Asn1Tag(TagClass.ContextSpecific, 2));
        }

        return writer.Encode();
    }
}
