using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class InternetChecksumTests
{
    [Theory]
    [InlineData("", 0xFFFF)]
    [InlineData("0001f203f4f5f6f7", 0x220D)] // RFC 1071 §3: the sum is ddf2.
    [InlineData("450000730000400040110000c0a80001c0a800c7", 0xB861)] // Captured UDP packet, 192.168.0.1 to 192.168.0.199.
    [InlineData("45000073000040004011b861c0a80001c0a800c7", 0)]
    [InlineData("01", 0xFEFF)]
    [InlineData("ffff", 0)]
    public void Compute_Vector_Matches(string hex, int expected) =>
        Assert.Equal((ushort)expected, InternetChecksum.Compute(Convert.FromHexString(hex)));

    [Fact]
    public void Compute_AnyBytes_EqualsWordByWordSum()
    {
        const int Seed = 1071;
        Random random = new(Seed);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            int evenSplit = random.Next(0, bytes.Length + 1) & ~1;
            ushort inParts = InternetChecksum.Finish(
                InternetChecksum.Add(InternetChecksum.Add(0, bytes.AsSpan(0, evenSplit)), bytes.AsSpan(evenSplit)));
            Assert.True(Reference(bytes) == InternetChecksum.Compute(bytes), $"seed {Seed} step {i}");
            Assert.True(Reference(bytes) == inParts, $"seed {Seed} step {i}, split at {evenSplit}");
        }
    }

    [Fact]
    public void AddAndCopyAndAdd_AnyLengthAndPlace_EqualTheWordByWordSum()
    {
        Random random = new(1624);
        byte[] source = new byte[2200];
        byte[] target = new byte[2200];
        for (int bytes = 0; bytes < 2000; bytes++)
        {
            random.NextBytes(source);
            source.AsSpan(0, 200).Fill((byte)random.Next(256) > 200 ? (byte)0xFF : (byte)0);
            int from = random.Next(100);
            int to = random.Next(100);
            ReadOnlySpan<byte> part = source.AsSpan(from, bytes);
            target.AsSpan().Clear();
            ulong sum = InternetChecksum.CopyAndAdd(0, part, target.AsSpan(to));
            Assert.True(Reference(part.ToArray()) == InternetChecksum.Finish(sum), $"{bytes} bytes at {from}");
            Assert.True(Reference(part.ToArray()) == InternetChecksum.Finish(InternetChecksum.Add(0, part)), $"{bytes} bytes at {from}");
            Assert.True(part.SequenceEqual(target.AsSpan(to, bytes)));
            Assert.Equal(0, target[to + bytes]);
            Assert.Equal((ushort)~InternetChecksum.Finish(sum), InternetChecksum.Fold(sum));
        }
    }

    [Fact]
    public void CopyAndAdd_TargetTooShort_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => InternetChecksum.CopyAndAdd(0, new byte[64], new byte[63]));

    // RFC 1071 §4.1, the plain loop.
    private static ushort Reference(byte[] bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
