namespace OrleansUem.Transport.Datagrams;

/// <summary>Settings of a <see cref="UdpBatchSocket"/>.</summary>
public sealed record UdpSocketOptions
{
    /// <summary>
    /// Bytes of received datagrams that the kernel may hold, its own overhead included (about half of it). Default 2 MiB: 2 ms of 4 Gbit/s, the longest that a reader is away for. More only adds
    /// delay, less drops bursts.
    /// </summary>
    public int ReceiveBufferBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes of datagrams to be sent that the kernel may hold. Default 1 MiB: some 10 runs; what does not fit is dropped as QueueFull.</summary>
    public int SendBufferBytes { get; init; } = 1024 * 1024;

    /// <summary>Whether several sockets share the address, which the kernel spreads senders over (SO_REUSEPORT). Default false.</summary>
    public bool IsShared { get; init; }

    /// <summary>Told once when the kernel does not take runs of datagrams in one call and they go one by one from then on; the argument is its reason.</summary>
    public Action<string>? OnSegmentationRefused { get; init; }
}
