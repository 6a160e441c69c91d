namespace OrleansUem.Protocol.Packets;

/// <summary>What a <see cref="DestinationPolicy"/> says about one packet.</summary>
public enum PolicyVerdict : byte
{
    /// <summary>No rule matched, or the first that matched denies.</summary>
    Denied = 0,

    /// <summary>The first rule that matched allows.</summary>
    Permitted = 1,

    /// <summary>
    /// A later fragment to which rules with ports might apply. It carries none, so it is permitted only if the first fragment
    /// of its datagram was (<see cref="PermittedTraffic"/>), and denied otherwise.
    /// </summary>
    AsFirstFragment = 2,
}
