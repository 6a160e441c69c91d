using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace OrleansUem.Transport;

/// <summary>Counts what one network address holds: an IPv4 address, or an IPv6 /64, which is what one subscriber has. Thread-safe.</summary>
public sealed class AddressLimiter
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, int> _counts = [];
    private readonly int _max;

    /// <param name="max">How many one address may hold.</param>
    public AddressLimiter(int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        _max = max;
    }

    /// <summary>Takes one for the address.</summary>
    /// <returns>False when the address holds as many as it may.</returns>
    public bool TryTake(IPAddress address)
    {
        var key = KeyOf(address);
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(key);
            if (count >= _max)
            {
                return false;
            }

            _counts[key] = count + 1;
            return true;
        }
    }

    /// <summary>Gives one back.</summary>
    public void Release(IPAddress address)
    {
        var key = KeyOf(address);
        lock (_lock)
        {
            var count = _counts[key] - 1;
            if (count == 0)
            {
                _counts.Remove(key);
            }
            else
            {
                _counts[key] = count;
            }
        }
    }

    /// <summary>What counts as one address.</summary>
    /// <returns>The IPv4 address, in the block 0:0:0:x/64 which is no IPv6 subscriber's, or the IPv6 /64.</returns>
    public static ulong KeyOf(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        plain.TryWriteBytes(bytes, out _);
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
