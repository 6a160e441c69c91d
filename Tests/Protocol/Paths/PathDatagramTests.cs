using System.Net;
using OrleansUem.Dtls;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Paths;

public sealed class PathDatagramTests
{
    // Secret 00 01 .. 1f; keys and MACs by another implementation of HKDF and HMAC (Python's hmac and hashlib).
    private static readonly byte[] Secret = [.. Enumerable.Range(0, PathKeys.SecretBytes).Select(i => (byte)i)];
    private static readonly PathKeys Keys = new(Secret);

    [Theory]
    [InlineData(PathDatagramType.Probe, 621, 0x1112131415161718ul, "8001026d00000000010203040506070800000000000000051112131415161718298a4e3c6caa7fd5e7535fa8407c9b16")]
    [InlineData(PathDatagramType.Ack, 1444, 0xfffefdfcfbfaf9f8ul, "810105a40000000001020304050607080000000000000005fffefdfcfbfaf9f8d83571ea993efdcf926bcb88e48779b5")]
    public void Datagram_GoldenBytes_ReadAndWriteAgree(PathDatagramType type, int bytes, ulong token, string header)
    {
        var datagram = new PathDatagram(type, bytes, 0x0102030405060708, 5, token);
        var key = KeyOf(type);
        var golden = Convert.FromHexString(header + new string('0', 2 * (bytes - PathDatagram.HeaderBytes)));

        var written = new byte[bytes];
        written.AsSpan().Fill(0xEE);
        datagram.Write(written, key);

        Assert.Equal(Convert.ToHexString(golden), Convert.ToHexString(written));
        Assert.True(PathDatagram.TryRead(golden, out var read));
        Assert.Equal(datagram, read);
        Assert.True(PathDatagram.IsAuthentic(golden, key));
    }

    [Fact]
    public void Keys_GoldenBytes_DifferByDirection()
    {
        Assert.Equal("633f1325c2efc6c626b2f804432051750ebfec1ce605e91eeac8b60cb4d52426", Convert.ToHexStringLower(Keys.Probe));
        Assert.Equal("b21aada87f55160f6b95ccadfe6adb6cab016cf5e55d071c6707316b00bb0f75", Convert.ToHexStringLower(Keys.Ack));
    }

    [Fact]
    public void IsAuthentic_AnyBitOfTheHeaderFlippedOrTheOtherKey_IsFalse()
    {
        var probe = new byte[PathLimits.DatagramBytesMin];
        new PathDatagram(PathDatagramType.Probe, probe.Length, 7, 8, 9).Write(probe, Keys.Probe);
        Assert.True(PathDatagram.IsAuthentic(probe, Keys.Probe));
        Assert.False(PathDatagram.IsAuthentic(probe, Keys.Ack));
        for (var bit = 0; bit < 8 * PathDatagram.HeaderBytes; bit++)
        {
            probe[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PathDatagram.IsAuthentic(probe, Keys.Probe), $"bit {bit}");
            probe[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(PathLimits.DatagramBytesMin - 1, false)]
    [InlineData(PathLimits.DatagramBytesMin, true)]
    [InlineData(PathLimits.DatagramBytesMax, true)]
    [InlineData(PathLimits.DatagramBytesMax + 1, false)]
    public void TryRead_SizeAtItsBounds_IsJudged(int bytes, bool expected)
    {
        var datagram = new byte[bytes];
        new PathDatagram(PathDatagramType.Probe, bytes, 1, 1, 0).Write(datagram, Keys.Probe);
        Assert.Equal(expected, PathDatagram.TryRead(datagram, out _));
    }

    [Fact]
    public void TryRead_CutOrLengthened_IsRefused()
    {
        var datagram = new byte[1_000];
        new PathDatagram(PathDatagramType.Ack, 900, 1, 1, 0).Write(datagram, Keys.Ack);
        Assert.True(PathDatagram.TryRead(datagram.AsSpan(0, 900), out _));
        Assert.False(PathDatagram.TryRead(datagram.AsSpan(0, 899), out _));
        Assert.False(PathDatagram.TryRead(datagram.AsSpan(0, 901), out _));
    }

    [Theory]
    [InlineData("2000000400100001deadbeef", true)]
    [InlineData("20FF000400100001deadbeef", true)]
    [InlineData("2000000000100001", true)]
    [InlineData("2000000400000000deadbeef", false)]
    [InlineData("2000000300100001deadbeef", false)]
    [InlineData("2000000500100001deadbeef", false)]
    [InlineData("0100000400100001deadbeef", false)]
    [InlineData("20000004001000", false)]
    [InlineData("", false)]
    public void TryReadFrame_Datagram_IsOneWholeFrameOnATunnelsChannel(string hex, bool expected)
    {
        Assert.Equal(expected, DatagramFrame.TryRead(Convert.FromHexString(hex), out var channel));
        if (expected)
        {
            Assert.Equal(0x0010_0001u, channel.Value);
        }
    }

    [Theory]
    [InlineData("192.0.2.7:443", true)]
    [InlineData("[2001:db8::7]:3101", false)]
    [InlineData("[fe80::1%3]:65535", false)]
    public void Address_OfAnEndPoint_IsThatEndPoint(string text, bool isIpv4)
    {
        var endPoint = IPEndPoint.Parse(text);
        var address = PathAddress.Of(endPoint);
        Assert.Equal(isIpv4, address.IsIpv4);
        Assert.Equal(endPoint, address.ToEndPoint());
        Assert.Equal(address, PathAddress.Of(new IPEndPoint(endPoint.Address.MapToIPv6(), endPoint.Port) { Address = { ScopeId = endPoint.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? endPoint.Address.ScopeId : 0 } }));
    }

    [Fact]
    public void Sizes_AreTheSumsOfTheirLayers()
    {
        Assert.Equal(DtlsContextOptions.RecordOverheadBytes, TunnelLimits.RecordOverheadBytes);
        Assert.Equal(1_444, PathLimits.DatagramBytesOf(TunnelLimits.MtuBytesDefault));

        // PPPoE over Ethernet (RFC 2516 §7) with IPv6 and UDP below our datagram.
        Assert.Equal(1_492, 40 + 8 + PathLimits.DatagramBytesOf(TunnelLimits.MtuBytesDefault));
        Assert.True(PathLimits.DatagramBytesMax <= FrameLimits.HeaderBytes + FrameLimits.MaxPayloadBytes);
        Assert.True(PathLimits.DatagramBytesMin > PathDatagram.HeaderBytes);
    }

    private static ReadOnlySpan<byte> KeyOf(PathDatagramType type) => type == PathDatagramType.Probe ? Keys.Probe : Keys.Ack;
}
