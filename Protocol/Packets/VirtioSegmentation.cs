namespace OrleansUem.Protocol.Packets;

/// <summary>
/// What a super-packet is to be cut into (virtio 1.2 §5.1.6, linux/virtio_net.h). Other numbers, among them 3 (UDP as IP fragments), are legal bytes and never
/// asked for.
/// </summary>
public enum VirtioSegmentation : byte
{
    /// <summary>Not a super-packet: one packet as it goes over the network.</summary>
    None = 0,

    /// <summary>TCP segments over IPv4.</summary>
    Tcp4 = 1,

    /// <summary>TCP segments over IPv6.</summary>
    Tcp6 = 4,

    /// <summary>UDP datagrams, each with its own UDP header, over IPv4 or IPv6.</summary>
    UdpDatagrams = 5,
}
