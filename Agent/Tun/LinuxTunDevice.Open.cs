using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>How a device comes to be: in this network namespace, or in the one of whoever opened the control file.</summary>
public sealed partial class LinuxTunDevice
{
    private const string ControlPath = "/dev/net/tun";

    // linux/if_tun.h; struct ifreq is 40 bytes on 64-bit systems, its flags follow the 16 bytes of the name.
    private const nuint TunSetIff = 0x400454ca;
    private const nuint TunSetOffload = 0x400454d0;
    private const nuint TunSetHeaderBytes = 0x400454d8;
    private const nuint TunSetLittleEndianHeader = 0x400454dc;
    private const ushort IffTun = 0x0001;
    private const ushort IffNoPacketInformation = 0x1000;
    private const ushort IffVirtioNetHeader = 0x4000;
    private const int InterfaceRequestBytes = 40;
    private const int InterfaceNameBytes = 16;

    // TUN_F_*. The kernel takes the two kinds of UDP segmentation together or not at all.
    private const int OffloadChecksum = 0x01;
    private const int OffloadTcp4 = 0x02;
    private const int OffloadTcpEcn = 0x08;
    private const int OffloadUdp4And6 = 0x20 | 0x40;

    /// <summary>Creates the interface and sets its MTU. It has no address and is down: see <see cref="NetworkLink"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    public static LinuxTunDevice Open(TunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return OpenIn(options, OpenControl(), NetworkLink.Open);
    }

    /// <summary>The same in the network namespace of whoever opened the control file: the kernel takes the opener's.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="control">From <see cref="OpenControl"/>, here or in another process; owned by the device from here on, also when this throws.</param>
    /// <param name="openLink">Opens an interface of that namespace.</param>
    internal static LinuxTunDevice OpenIn(TunOptions options, OwnedDescriptor control, Func<string, NetworkLink> openLink)
    {
        try
        {
            options.Validate();
            bool hasHeader = options.Offloads != TunOffloads.None;
            if (!TryCreate(control, options.Name, hasHeader, out string name)
                && !TryCreate(control, options.Name, hasHeader = false, out name))
            {
                throw new TunUnavailableException(ExplainAttach(ErrnoText.Last(), options.Name));
            }

            using NetworkLink link = openLink(name);
            link.SetMtu(options.MtuBytes);
            return new LinuxTunDevice(
                control, name, options.MtuBytes, hasHeader, options.Offloads, hasHeader ? Agree(control, options.Offloads) : TunOffloads.None);
        }
        catch
        {
            control.Dispose();
            throw;
        }
    }

    /// <summary>Opens the TUN driver's file: a device of the calling thread's network namespace to be.</summary>
    /// <exception cref="TunUnavailableException">No TUN driver, or no permission.</exception>
    internal static OwnedDescriptor OpenControl()
    {
        int opened = Libc.Open(ControlPath, Libc.OpenReadWrite | Libc.OpenNonBlocking | Libc.OpenCloseOnExec);
        return opened >= 0 ? OwnedDescriptor.Take(opened, "open") : throw new TunUnavailableException(ExplainOpen(ErrnoText.Last()));
    }

    /// <summary>Whether the TUN driver's file is there and this process may open it.</summary>
    internal static bool CanOpenControl()
    {
        try
        {
            OpenControl().Dispose();
            return true;
        }
        catch (TunUnavailableException)
        {
            return false;
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
