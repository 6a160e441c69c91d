namespace OrleansUem.Protocol.Wire;

/// <summary>Why a frame or packet was dropped. Every drop is counted under one of these; numbers are fixed.</summary>
public enum DropReason
{
    /// <summary>Not stated; never counted.</summary>
    Unspecified = 0,

    /// <summary>The bounded queue towards the peer is full: the peer or its link is slower than the sender.</summary>
    QueueFull = 1,

    /// <summary>The channel has no lease.</summary>
    NoRoute = 2,

    /// <summary>The channel's generation is over.</summary>
    StaleChannel = 3,

    /// <summary>The lease ran out.</summary>
    LeaseExpired = 4,

    /// <summary>The lease's byte limit is used up.</summary>
    ByteLimit = 5,

    /// <summary>The session on the other side ended.</summary>
    PeerGone = 6,

    /// <summary>Longer than the channel, TUN or record allows.</summary>
    Oversize = 7,

    /// <summary>An inner packet whose source is not the address assigned to its tunnel.</summary>
    SourceAddress = 8,

    /// <summary>An inner packet to a destination or port that the policy does not allow.</summary>
    DestinationDenied = 9,

    /// <summary>An inner packet that is not well-formed IPv4.</summary>
    MalformedPacket = 10,

    /// <summary>No tunnel is up for the packet.</summary>
    NoTunnel = 11,

    /// <summary>A record that does not authenticate or was replayed.</summary>
    RecordRejected = 12,

    /// <summary>The kernel did not take the packet.</summary>
    TunFull = 13,

    /// <summary>An IPv6 or other packet from the TUN; only IPv4 is carried.</summary>
    NotIpv4 = 14,

    /// <summary>A packet from the network for an address that no tunnel holds.</summary>
    UnknownDestination = 15,

    /// <summary>A UDP datagram from an address that no session has proven.</summary>
    UnknownAddress = 16,

    /// <summary>A UDP datagram that is neither one whole DATAGRAM frame nor a probe or ack.</summary>
    MalformedDatagram = 17,

    /// <summary>A probe or ack with a path id that no session has.</summary>
    UnknownPath = 18,

    /// <summary>A packet of the TUN whose request for segmentation or a checksum does not fit it.</summary>
    BadOffload = 19,

    /// <summary>A probe or ack whose MAC is wrong.</summary>
    ForgedProbe = 20,

    /// <summary>A probe whose counter is not above the last one's.</summary>
    ReplayedProbe = 21,

    /// <summary>The kernel refused a UDP datagram: a local firewall, no route, or nobody listens at the other end.</summary>
    SendRefused = 22,

    /// <summary>The kernel threw away UDP datagrams that arrived faster than they were read.</summary>
    ReceiveQueueFull = 23,

    /// <summary>A device has as many connections open as the node's user-mode NAT gives one device, or all devices have.</summary>
    FlowLimit = 24,

    /// <summary>More fragments from a device than the node's user-mode NAT holds for one.</summary>
    FragmentLimit = 25,

    /// <summary>An echo request at a node that may not send any: net.ipv4.ping_group_range leaves its group out.</summary>
    PingUnavailable = 26,

    /// <summary>A datagram from the network to a device that did not send to its sender.</summary>
    Unsolicited = 27,

    /// <summary>Neither TCP, UDP nor ICMP: the node's user-mode NAT carries nothing else.</summary>
    ProtocolUnsupported = 28,

    /// <summary>A packet of the TUN whose queue stands: its senders are to slow down.</summary>
    StandingQueue = 29,
}
