using System.Buffers.Binary;
using System.Globalization;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Device.Network;

/// <summary>A route of the kernel's main table as /proc/net/route shows it (proc_net(5)).</summary>
/// <param name="Interface">The interface's name.</param>
/// <param name="Destination">The destination.</param>
/// <param name="Via">The next router; null when the destination is on the link.</param>
/// <param name="Metric">The lowest wins among routes to one destination.</param>
internal sealed record KernelRoute(string Interface, Ipv4Prefix Destination, Ipv4Address? Via, uint Metric)
{
    // thread-self: the network namespace is the thread's, as for netlink.
    private const string Path = "/proc/thread-self/net/route";

    // linux/route.h
    private const uint FlagUp = 0x0001;
    private const uint FlagGateway = 0x0002;
    private const uint FlagReject = 0x0200;

    /// <summary>The usable routes of this network namespace; empty where there is no such file.</summary>
    public static IReadOnlyList<KernelRoute> ReadAll() => File.Exists(Path) ? Parse(File.ReadLines(Path)) : [];

    /// <summary>Reads the lines of the file; lines that are no route are left out.</summary>
    public static IReadOnlyList<KernelRoute> Parse(IEnumerable<string> lines)
    {
        var routes = new List<KernelRoute>();
        foreach (var line in lines.Skip(1))
        {
            // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
            var fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 8
                && TryReadAddress(fields[1], out var destination)
                && TryReadAddress(fields[2], out var gateway)
                && uint.TryParse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags)
                && uint.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out var metric)
                && TryReadAddress(fields[7], out var mask)
                && (flags & (FlagUp | FlagReject)) == FlagUp)
            {
                routes.Add(new KernelRoute(
                    fields[0],
                    Ipv4Prefix.Around(destination, System.Numerics.BitOperations.PopCount(mask.Value)),
                    (flags & FlagGateway) != 0 ? gateway : null,
                    metric));
            }
        }

        return routes;
    }

    /// <summary>The route that the kernel takes: the longest prefix, then the lowest metric.</summary>
    public static KernelRoute? Best(IEnumerable<KernelRoute> routes, Ipv4Address address) => routes
        .Where(route => route.Destination.Contains(address))
        .OrderByDescending(route => route.Destination.Length)
        .ThenBy(route => route.Metric)
        .FirstOrDefault();

    // Eight hexadecimal digits of the address as the machine's memory holds it in network order.
    private static bool TryReadAddress(string text, out Ipv4Address address)
    {
        var isNumber = uint.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value);
        address = new Ipv4Address(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return isNumber;
    }
}
