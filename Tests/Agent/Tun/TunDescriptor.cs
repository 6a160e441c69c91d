using System.Text;
using OrleansUem.Agent.Native;
using OrleansUem.Transport.Native;

namespace OrleansUem.Tests.Agent.Tun;

/// <summary>Opens the control file as another program would, and attaches an interface to it.</summary>
internal static class TunDescriptor
{
    // linux/if_tun.h.
    public const ushort Tun = 1;
    public const ushort Tap = 2;
    public const ushort NoPacketInformation = 0x1000;
    public const ushort VirtioHeader = 0x4000;

    /// <returns>The descriptor's number, which nobody owns.</returns>
    public static int Open(string? name, ushort flags)
    {
        OwnedDescriptor descriptor = OwnedDescriptor.Take(Libc.Open("/dev/net/tun", Libc.OpenReadWrite), "open");
        if (name is not null)
        {
            Span<byte> request = stackalloc byte[40];
            request.Clear();
            Encoding.UTF8.GetBytes(name, request);
            BitConverter.TryWriteBytes(request[16..], flags);
            if (Libc.Ioctl(descriptor, 0x400454ca, request) < 0)
            {
                throw new IOException($"TUNSETIFF failed: {ErrnoText.Last()}.");
            }
        }

        int number = descriptor.Number;
        descriptor.SetHandleAsInvalid();
        return number;
    }
}
