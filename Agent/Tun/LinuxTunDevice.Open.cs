using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>How a device comes to be: from the control file, or from a descriptor that was opened elsewhere.</summary>
public sealed partial class LinuxTunDevice
{
    private const string ControlPath = "/dev/net/tun";

    // linux/if_tun.h; struct ifreq is 40 bytes on 64-bit systems, its flags follow the 16 bytes of the name.
    private const nuint TunSetIff = 0x400454ca;
    private const nuint TunGetIff = 0x800454d2;
    private const nuint TunSetOffload = 0x400454d0;
    private const nuint TunSetHeaderBytes = 0x400454d8;
    private const nuint TunSetLittleEndianHeader = 0x400454dc;
    private const ushort IffTun = 0x0001;
    private const ushort IffTypeMask = 0x000F;
    private const ushort IffNoPacketInformation = 0x1000;
    private const ushort IffVirtioNetHeader = 0x4000;
    private const int InterfaceRequestBytes = 40;
    private const int InterfaceNameBytes = 16;

    // TUN_F_*. The kernel takes the two kinds of UDP segmentation together or not at all.
    private const int OffloadChecksum = 0x01;
    private const int OffloadTcp4 = 0x02;
    private const int OffloadTcpEcn = 0x08;
    private const int OffloadUdp4And6 = 0x20 | 0x40;

    // F_GETFD and the like of fcntl.h.
    private const int SetDescriptorFlags = 2;
    private const int GetStatusFlags = 3;
    private const int SetStatusFlags = 4;
    private const int CloseOnExec = 1;

    /// <summary>Creates the interface and sets its MTU. It has no address and is down: see <see cref="NetworkLink"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    public static LinuxTunDevice Open(TunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        int opened = Libc.Open(ControlPath, Libc.OpenReadWrite | Libc.OpenNonBlocking | Libc.OpenCloseOnExec);
        if (opened < 0)
        {
            throw new TunUnavailableException(ExplainOpen(ErrnoText.Last()));
        }

        OwnedDescriptor descriptor = OwnedDescriptor.Take(opened, "open");
        try
        {
            bool hasHeader = options.Offloads != TunOffloads.None;
            if (!TryCreate(descriptor, options.Name, hasHeader, out string name)
                && !TryCreate(descriptor, options.Name, hasHeader = false, out name))
            {
                throw new TunUnavailableException(ExplainAttach(ErrnoText.Last(), options.Name));
            }

            using NetworkLink link = NetworkLink.Open(name);
            link.SetMtu(options.MtuBytes);
            return new LinuxTunDevice(
                descriptor, name, options.MtuBytes, hasHeader, options.Offloads, hasHeader ? Agree(descriptor, options.Offloads) : TunOffloads.None);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes over a TUN that was opened elsewhere, in another network namespace or process. Its interface, with the MTU and all the rest, is the opener's business: the
    /// name may mean nothing, or something else, in the caller's namespace.
    /// </summary>
    /// <param name="descriptor">An open descriptor with an interface attached (TUNSETIFF is done); owned by the device from here on, and closed when this fails.</param>
    /// <param name="mtuBytes">The interface's MTU, 68 to 65535.</param>
    /// <param name="offloads">What to ask for; nothing is granted when the interface was made without IFF_VNET_HDR.</param>
    /// <exception cref="TunUnavailableException">It is no TUN, or one that prefixes packet information (IFF_NO_PI is missing).</exception>
    public static LinuxTunDevice Adopt(int descriptor, int mtuBytes, TunOffloads offloads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, TunOptions.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtuBytes, TunOptions.MtuBytesMax);
        OwnedDescriptor owned = OwnedDescriptor.Take(descriptor, "Taking over a TUN");
        try
        {
            Span<byte> request = stackalloc byte[InterfaceRequestBytes];
            request.Clear();
            if (Libc.Ioctl(owned, TunGetIff, request) < 0)
            {
                throw new TunUnavailableException($"Descriptor {descriptor} is not a TUN with an interface: {ErrnoText.Describe(ErrnoText.Last())}.");
            }

            string name = NameIn(request);
            ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(request[InterfaceNameBytes..]);
            if ((flags & IffTypeMask) != IffTun || (flags & IffNoPacketInformation) == 0)
            {
                throw new TunUnavailableException($"{name} is not a TUN of whole IP packets (flags 0x{flags:x4}): open it with IFF_TUN and IFF_NO_PI.");
            }

            int status = Libc.Control(owned, GetStatusFlags, 0);
            if (status < 0
                || Libc.Control(owned, SetStatusFlags, status | Libc.OpenNonBlocking) < 0
                || Libc.Control(owned, SetDescriptorFlags, CloseOnExec) < 0)
            {
                throw new TunUnavailableException($"TUN {name} cannot be set to non-blocking: {ErrnoText.Describe(ErrnoText.Last())}.");
            }

            bool hasHeader = (flags & IffVirtioNetHeader) != 0;
            return new LinuxTunDevice(owned, name, mtuBytes, hasHeader, offloads, hasHeader ? Agree(owned, offloads) : TunOffloads.None);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    private static bool TryCreate(OwnedDescriptor descriptor, string wanted, bool hasHeader, out string name)
    {
        Span<byte> request = stackalloc byte[InterfaceRequestBytes];
        request.Clear();
        Encoding.UTF8.GetBytes(wanted, request);
        int flags = IffTun | IffNoPacketInformation | (hasHeader ? IffVirtioNetHeader : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(request[InterfaceNameBytes..], (ushort)flags);
        bool isCreated = Libc.Ioctl(descriptor, TunSetIff, request) >= 0;
        name = isCreated ? NameIn(request) : "";
        return isCreated;
    }

    // Steps down: UDP super-packets came with Linux 6.2, the rest is as old as the header itself. The header is read little-endian whatever the machine.
    private static TunOffloads Agree(OwnedDescriptor descriptor, TunOffloads wanted)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(value, VirtioNetHeader.WireBytes);
        bool isHeaderSet = Libc.Ioctl(descriptor, TunSetHeaderBytes, value) >= 0;
        MemoryMarshal.Write(value, 1);
        if (!isHeaderSet || Libc.Ioctl(descriptor, TunSetLittleEndianHeader, value) < 0)
        {
            throw new TunUnavailableException($"The kernel refuses the header of offloads: {ErrnoText.Describe(ErrnoText.Last())}. Linux 4.0 or later is needed.");
        }

        foreach (TunOffloads step in (ReadOnlySpan<TunOffloads>)[TunOffloads.All, TunOffloads.Checksum | TunOffloads.Tcp4, TunOffloads.Checksum])
        {
            TunOffloads asked = wanted & step;
            if (Libc.Ioctl(descriptor, TunSetOffload, FlagsOf(asked)) >= 0)
            {
                return asked;
            }
        }

        return TunOffloads.None;
    }

    private static nint FlagsOf(TunOffloads offloads) =>
        (offloads.HasFlag(TunOffloads.Checksum) ? OffloadChecksum : 0)
        | (offloads.HasFlag(TunOffloads.Tcp4) ? OffloadTcp4 | OffloadTcpEcn : 0)
        | (offloads.HasFlag(TunOffloads.Udp) ? OffloadUdp4And6 : 0);

    private static string NameIn(ReadOnlySpan<byte> request)
    {
        ReadOnlySpan<byte> name = request[..InterfaceNameBytes];
        return Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]);
    }

    private static string ExplainMissing(TunOffloads missing) =>
        missing.HasFlag(TunOffloads.Tcp4) ? "this kernel's TUN has no segmentation offload: packets pass one by one and cost several times the CPU"
        : missing.HasFlag(TunOffloads.Udp) ? "this kernel's TUN has no UDP segmentation offload (Linux 6.2 has it): UDP packets pass one by one"
        : "";

    private static string ExplainOpen(Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO =>
            $"{ControlPath} is missing: the kernel's TUN driver is not available. Load it with 'modprobe tun' and, where no "
            + "udev runs, create the file: mkdir -p /dev/net && mknod /dev/net/tun c 10 200. A container needs "
            + "--device /dev/net/tun --cap-add NET_ADMIN.",
        Errno.EPERM or Errno.EACCES =>
            $"No permission to open {ControlPath} ({errno}): run as root, or make the file accessible (chmod 0666 "
            + $"{ControlPath}) and give the program CAP_NET_ADMIN (setcap cap_net_admin+ep PROGRAM).",
        _ => $"Opening {ControlPath} failed: {ErrnoText.Describe(errno)}.",
    };

    private static string ExplainAttach(Errno errno, string name) => errno switch
    {
        Errno.EPERM =>
            $"No permission to create TUN {name} (EPERM): CAP_NET_ADMIN is missing. Run as root, or give the program the "
            + "capability (setcap cap_net_admin+ep PROGRAM).",
        Errno.EBUSY => $"TUN {name} is in use by another process (EBUSY): stop that process or choose another name.",
        Errno.EINVAL =>
            $"TUN {name} cannot be created (EINVAL): an interface of this name exists and is not a TUN. Choose another name.",
        _ => $"Creating TUN {name} failed: {ErrnoText.Describe(errno)}.",
    };
}
