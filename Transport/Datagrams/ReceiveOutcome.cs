namespace OrleansUem.Transport.Datagrams;

/// <summary>What a receive call came to.</summary>
public enum ReceiveOutcome
{
    /// <summary>There are datagrams.</summary>
    Received = 0,

    /// <summary>There are none now.</summary>
    Empty = 1,

    /// <summary>The network says that nobody is there (ICMP); connected sockets only. Said once, the next call goes on.</summary>
    Refused = 2,

    /// <summary>The socket is closed.</summary>
    Closed = 3,
}
