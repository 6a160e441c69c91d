using System.Buffers.Binary;
using System.Net;

namespace OrleansUem.Protocol.Paths;

/// <summary>Address and port of a UDP peer as a value: the key of the edge's table, without an allocation for a datagram.</summary>
/// <param name="Address">The 16 bytes of the IPv6 address, or of the IPv4 address mapped to IPv6 (RFC 4291 §2.5.5.2), as a number in network order.</param>
/// <param name="Port">The port.</param>
/// <param name="ScopeId">The interface of a link-local IPv6 address; 0 for all others.</param>
public readonly record struct PathAddress(UInt128 Address, ushort Port, uint ScopeId = 0)
{
    private const int AddressBytes = 16;

    /// <summary>Whether it is an IPv4 address.</summary>
    public bool IsIpv4 => Address >> 32 == 0xFFFF;

    /// <summary>From the framework's type.</summary>
    /// <param name="endPoint">An IPv4 or IPv6 address and a port.</param>
    /// <returns>The same.</returns>
    public static PathAddress Of(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> bytes = stackalloc byte[AddressBytes];
        var address = endPoint.Address.MapToIPv6();
        address.TryWriteBytes(bytes, out _);
        return new PathAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)endPoint.Port, (uint)address.ScopeId);
    }

    /// <summary>To the framework's type.</summary>
    /// <returns>The same; an IPv4 address as one.</returns>
    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[AddressBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        return new IPEndPoint(IsIpv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes, ScopeId), Port);
    }

    /// <inheritdoc/>
    public override string ToString() => ToEndPoint().ToString();
}
