using System.Security.Cryptography;
using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

public sealed class Tls12PrfTests
{
    /// <summary>P_hash of RFC 5246 §5, written out here a second time.</summary>
    [Theory]
    [InlineData("SHA256", 40)]
    [InlineData("SHA384", 72)]
    [InlineData("SHA384", 200)]
    public void Derive_AnyInput_IsPHashOfTheRfc(string digest, int bytes)
    {
        var random = new Random(bytes);
        var secret = new byte[48];
        var seed = new byte[64];
        random.NextBytes(secret);
        random.NextBytes(seed);
        var derived = new byte[bytes];
        Tls12Prf.Derive(digest, secret, "key expansion"u8, seed, derived);

        byte[] Mac(byte[] data) => digest == "SHA256" ? HMACSHA256.HashData(secret, data) : HMACSHA384.HashData(secret, data);
        byte[] labelled = [.. "key expansion"u8, .. seed];
        List<byte> expected = [];
        for (var a = Mac(labelled); expected.Count < bytes; a = Mac(a))
        {
            expected.AddRange(Mac([.. a, .. labelled]));
        }

        Assert.Equal(expected.Take(bytes), derived);
    }
}
