using System.Runtime.InteropServices;

namespace OrleansUem.Transport.Native;

/// <summary>
/// An eventfd: one thread blocks in poll on it beside other descriptors, another one wakes it. Once signalled it stays
/// readable until <see cref="Clear"/>, so a wake between the check and the poll is never lost.
/// </summary>
internal sealed class WakeEvent : IDisposable
{
    // EFD_CLOEXEC | EFD_NONBLOCK.
    private const int Flags = 0x80000 | 0x800;

    private readonly OwnedDescriptor _descriptor = OwnedDescriptor.Take(DescriptorCalls.EventFd(0, Flags), "eventfd");

    public OwnedDescriptor Descriptor => _descriptor;

    public void Signal()
    {
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        MemoryMarshal.Write(one, 1UL);

        // EAGAIN means that the counter is at its maximum, which is signalled as well; nothing else can fail.
        _ = DescriptorCalls.Write(_descriptor, one, one.Length);
    }

    public void Clear()
    {
        Span<byte> count = stackalloc byte[sizeof(ulong)];

        // EAGAIN means that nothing was signalled, which is what the caller wants.
        _ = DescriptorCalls.Read(_descriptor, count, count.Length);
    }

    public void Dispose() => _descriptor.Dispose();
}
