using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.UserNat;

/// <summary>Settings of a user-mode NAT; read once at open.</summary>
public sealed record UserNatOptions
{
    /// <summary>The guests' addresses, the NAT's own included. Nothing in it is reached through the NAT.</summary>
    public required Ipv4Prefix Pool { get; init; }

    /// <summary>The NAT's own address in the pool. It answers pings and is the source of ICMP errors.</summary>
    public required Ipv4Address OwnAddress { get; init; }

    /// <summary>The largest packet for a guest, 576 to 9000 bytes.</summary>
    public required int MtuBytes { get; init; }

    /// <summary>Sockets that one guest may have open, 1 to 65,535. Default 1,024: a machine with many browser tabs has about 300 connections.</summary>
    public int SocketsPerGuestMax { get; init; } = 1_024;
}
