namespace OrleansUem.Grains.Interfaces;

/// <summary>What an administrator sees of a device or node.</summary>
[GenerateSerializer, Immutable, Alias("uem.PeerStatus")]
public sealed record PeerStatus
{
    /// <summary>The last generation accepted; 0 when the peer never attached.</summary>
    [Id(0)] public ulong LastGeneration { get; init; }

    /// <summary>SHA-256 of the newest certificate seen, hexadecimal; empty when the peer never attached.</summary>
    [Id(1)] public string CertificateSha256 { get; init; } = "";

    /// <summary>Whether an administrator keeps the peer out.</summary>
    [Id(2)] public bool IsBlocked { get; init; }

    /// <summary>The live session as far as the grain knows without asking the edges; null when absent or unknown.</summary>
    [Id(3)] public SessionKey? Session { get; init; }

    /// <summary>Tunnels now: at most one for a device.</summary>
    [Id(4)] public int TunnelCount { get; init; }
}
