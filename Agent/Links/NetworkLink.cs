using System.Runtime.InteropServices;
using System.Text;
using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Links;

/// <summary>
/// Settings of one network interface through rtnetlink, without an external program: state, MTU, IPv4 addresses, routes.
/// It works on the network namespace of the thread that opened it. Every change is idempotent: asking for what is already so
/// succeeds. Needs CAP_NET_ADMIN for changes. Not safe for concurrent use.
/// <para>Addresses and routes of a TUN vanish with the interface, so a killed process leaves nothing of them behind.</para>
/// </summary>
public sealed class NetworkLink : IDisposable
{
    private const ushort Change = RouteNetlink.FlagRequest | RouteNetlink.FlagAcknowledge;

    // The largest request here, a route with all attributes, is below 128 bytes.
    private const int RequestBytes = 256;

    private readonly RouteNetlinkSocket _socket;

    private NetworkLink(RouteNetlinkSocket socket, string name, int index, int mtuBytes)
    {
        _socket = socket;
        Name = name;
        Index = index;
        MtuBytes = mtuBytes;
    }

    public string Name { get; }

    /// <summary>The kernel's number of the interface; unique in its namespace and not reused while it exists.</summary>
    public int Index { get; }

    /// <summary>The MTU when the link was opened or <see cref="SetMtu"/> last succeeded.</summary>
    public int MtuBytes { get; private set; }

    /// <exception cref="NetworkLinkException">No such interface in this namespace.</exception>
    public static NetworkLink Open(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Encoding.UTF8.GetByteCount(name) > Tun.TunOptions.NameBytesMax)
        {
            throw new ArgumentException($"Interface name '{name}' is longer than {Tun.TunOptions.NameBytesMax} bytes.", nameof(name));
        }

        return Open(name, new RouteNetlinkSocket());
    }

    /// <summary>Opens a link of the namespace that the socket speaks to.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="socket">Owned by the link from here on, also when this throws.</param>
    internal static NetworkLink Open(string name, RouteNetlinkSocket socket)
    {
        try
        {
            NetlinkRequest request = new(stackalloc byte[RequestBytes], RouteNetlink.GetLink, Change);
            request.Append(default(RouteNetlink.LinkPart));
            request.AppendText(RouteNetlink.LinkName, name);
            Errno errno = socket.Transact(request.Finish(), out ReadOnlySpan<byte> answer, out string? kernelText);
            if (errno == Errno.ENODEV)
            {
                throw new NetworkLinkException($"There is no network interface {name} (ENODEV).", (int)errno);
            }

            Check(errno, kernelText, $"Looking up interface {name}");
            RouteNetlink.LinkPart part = MemoryMarshal.Read<RouteNetlink.LinkPart>(answer[NetlinkRequest.HeaderBytes..]);
            return new NetworkLink(socket, name, part.Index, ReadMtu(answer));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void SetUp() => SetState(RouteNetlink.InterfaceUp);

    /// <summary>Takes the link down; the kernel removes its routes.</summary>
    public void SetDown() => SetState(0);

    /// <param name="mtuBytes">68 to 65535; the driver may allow less.</param>
    public void SetMtu(int mtuBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, Tun.TunOptions.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtuBytes, Tun.TunOptions.MtuBytesMax);
        if (mtuBytes == MtuBytes)
        {
            return;
        }

        NetlinkRequest request = new(stackalloc byte[RequestBytes], RouteNetlink.NewLink, Change);
        request.Append(new RouteNetlink.LinkPart { Index = Index });
        request.AppendAttribute(RouteNetlink.LinkMtu, (uint)mtuBytes);
        Send(ref request, $"Setting the MTU of {Name} to {mtuBytes}");
        MtuBytes = mtuBytes;
    }

    /// <summary>
    /// Sets how many packets wait in the device before the kernel drops; a TUN has 500. Too few and a burst is lost while the
    /// reader is away, too many and they wait long.
    /// </summary>
    public void SetTransmitQueueLength(int packets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(packets, 1);
        NetlinkRequest request = new(stackalloc byte[RequestBytes], RouteNetlink.NewLink, Change);
        request.Append(new RouteNetlink.LinkPart { Index = Index });
        request.AppendAttribute(RouteNetlink.LinkTransmitQueueLength, (uint)packets);
        Send(ref request, $"Setting the transmit queue of {Name} to {packets} packets");
    }

    /// <summary>Adds an address. The kernel adds the route to its network by itself once the link is up.</summary>
    /// <param name="address">The host's address.</param>
    /// <param name="prefixLength">0 to 32; 32 for a tunnel whose routes are set one by one.</param>
    public void AddAddress(Ipv4Address address, int prefixLength) => ChangeAddress(
        RouteNetlink.NewAddress, Change | RouteNetlink.FlagCreate | RouteNetlink.FlagReplace, address, prefixLength, "Adding");

    /// <summary>Removes an address; no error when the link does not have it.</summary>
    public void RemoveAddress(Ipv4Address address, int prefixLength) =>
        ChangeAddress(RouteNetlink.DeleteAddress, Change, address, prefixLength, "Removing", Errno.EADDRNOTAVAIL);

    /// <summary>
    /// Adds a route. Succeeds when this route exists through this link, and fails with EEXIST when another link has one of
    /// the same destination, metric and table: <see cref="ReplaceRoute"/> would take that over. An existing route of ours is
    /// deleted and added again, so that its router and source are those asked for.
    /// </summary>
    public void AddRoute(LinkRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        ushort flags = Change | RouteNetlink.FlagCreate | RouteNetlink.FlagExclusive;
        Errno errno = TryChangeRoute(RouteNetlink.NewRoute, flags, route, out string? kernelText);

        // The kernel compares destination, metric and table only. Deleting compares the interface too, so whether the
        // existing route is ours shows in that deletion.
        if (errno == Errno.EEXIST
            && TryChangeRoute(RouteNetlink.DeleteRoute, Change, route, out _) == Errno.None)
        {
            errno = TryChangeRoute(RouteNetlink.NewRoute, flags, route, out kernelText);
        }

        Check(errno, kernelText, $"Adding route {route} dev {Name}");
    }

    /// <summary>Adds a route or takes over the one of the same destination, metric and table, whatever link it uses.</summary>
    public void ReplaceRoute(LinkRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        ushort flags = Change | RouteNetlink.FlagCreate | RouteNetlink.FlagReplace;
        Errno errno = TryChangeRoute(RouteNetlink.NewRoute, flags, route, out string? kernelText);
        Check(errno, kernelText, $"Replacing route {route} dev {Name}");
    }

    /// <summary>Removes a route of this link; no error when there is none.</summary>
    public void RemoveRoute(LinkRoute route)
    {
        ArgumentNullException.ThrowIfNull(route);
        Errno errno = TryChangeRoute(RouteNetlink.DeleteRoute, Change, route, out string? kernelText);
        Check(errno == Errno.ESRCH ? Errno.None : errno, kernelText, $"Removing route {route} dev {Name}");
    }

    public void Dispose() => _socket.Dispose();

    private static void Check(Errno errno, string? kernelText, string attempted)
    {
        if (errno == Errno.None)
        {
            return;
        }

        string reason = kernelText is null ? "" : $": {kernelText}";
        string advice = errno == Errno.EPERM ? " CAP_NET_ADMIN is missing: run as root or give the program the capability." : "";
        throw new NetworkLinkException($"{attempted} failed: {ErrnoText.Describe(errno)}{reason}.{advice}", (int)errno);
    }

    private static int ReadMtu(ReadOnlySpan<byte> answer)
    {
        ReadOnlySpan<byte> attributes = answer[(NetlinkRequest.HeaderBytes + Marshal.SizeOf<RouteNetlink.LinkPart>())..];
        while (attributes.Length >= 4)
        {
            int bytes = MemoryMarshal.Read<ushort>(attributes);
            if (bytes < 4 || bytes > attributes.Length)
            {
                break;
            }

            if (MemoryMarshal.Read<ushort>(attributes[2..]) == RouteNetlink.LinkMtu && bytes >= 8)
            {
                return MemoryMarshal.Read<int>(attributes[4..]);
            }

            attributes = attributes[Math.Min((bytes + 3) & ~3, attributes.Length)..];
        }

        return 0;
    }

    private void SetState(uint flags)
    {
        NetlinkRequest request = new(stackalloc byte[RequestBytes], RouteNetlink.NewLink, Change);
        request.Append(new RouteNetlink.LinkPart { Index = Index, Flags = flags, Change = RouteNetlink.InterfaceUp });
        Send(ref request, $"Setting {Name} {(flags == 0 ? "down" : "up")}");
    }

    private void ChangeAddress(
        ushort type, ushort flags, Ipv4Address address, int prefixLength, string verb, Errno accepted = Errno.None)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, 32);
        NetlinkRequest request = new(stackalloc byte[RequestBytes], type, flags);
        request.Append(new RouteNetlink.AddressPart
        {
            Family = RouteNetlink.FamilyInet,
            PrefixLength = (byte)prefixLength,
            Scope = RouteNetlink.ScopeUniverse,
            Index = Index,
        });
        request.AppendAddress(RouteNetlink.AddressLocal, address.Value);
        request.AppendAddress(RouteNetlink.AddressAddress, address.Value);
        Send(ref request, $"{verb} address {address}/{prefixLength} on {Name}", accepted);
    }

    private Errno TryChangeRoute(ushort type, ushort flags, LinkRoute route, out string? kernelText)
    {
        NetlinkRequest request = new(stackalloc byte[RequestBytes], type, flags);
        bool isDelete = type == RouteNetlink.DeleteRoute;
        request.Append(new RouteNetlink.RoutePart
        {
            Family = RouteNetlink.FamilyInet,
            DestinationLength = (byte)route.Destination.Length,
            Table = RouteNetlink.TableUnspecified,
            Protocol = isDelete ? (byte)0 : RouteNetlink.ProtocolStatic,
            Scope = isDelete ? RouteNetlink.ScopeNowhere
                : route.Via is null ? RouteNetlink.ScopeLink : RouteNetlink.ScopeUniverse,
            Type = isDelete ? (byte)0 : RouteNetlink.TypeUnicast,
        });
        if (route.Destination.Length > 0)
        {
            request.AppendAddress(RouteNetlink.RouteDestination, route.Destination.Network.Value);
        }

        request.AppendAttribute(RouteNetlink.RouteOutputInterface, (uint)Index);
        request.AppendAttribute(RouteNetlink.RouteTable, route.Table);
        if (route.Metric != 0)
        {
            request.AppendAttribute(RouteNetlink.RoutePriority, route.Metric);
        }

        if (!isDelete)
        {
            AppendNextHop(ref request, route);
        }

        return _socket.Transact(request.Finish(), out _, out kernelText);
    }

    private static void AppendNextHop(ref NetlinkRequest request, LinkRoute route)
    {
        if (route.Via is { } router)
        {
            request.AppendAddress(RouteNetlink.RouteGateway, router.Value);
        }

        if (route.PreferredSource is { } source)
        {
            request.AppendAddress(RouteNetlink.RoutePreferredSource, source.Value);
        }

        if (route.MtuBytes is { } mtuBytes)
        {
            int metrics = request.BeginNested(RouteNetlink.RouteMetrics);
            request.AppendAttribute(RouteNetlink.MetricMtu, (uint)mtuBytes);
            request.EndNested(metrics);
        }
    }

    private void Send(ref NetlinkRequest request, string attempted, Errno accepted = Errno.None)
    {
        Errno errno = _socket.Transact(request.Finish(), out _, out string? kernelText);
        Check(errno == accepted ? Errno.None : errno, kernelText, attempted);
    }
}
