namespace OrleansUem.Protocol.Packets;

/// <summary>IANA protocol numbers that are told apart; any other byte is a legal value too.</summary>
public enum IpProtocolNumber : byte
{
    /// <summary>RFC 792.</summary>
    Icmp = 1,

    /// <summary>RFC 9293.</summary>
    Tcp = 6,

    /// <summary>RFC 768.</summary>
    Udp = 17,
}
