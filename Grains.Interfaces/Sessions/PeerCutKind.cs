namespace OrleansUem.Grains.Interfaces;

/// <summary>What an administrator does to a device or node. Reaches storage: numbers are fixed.</summary>
[GenerateSerializer, Alias("uem.PeerCutKind")]
public enum PeerCutKind
{
    /// <summary>Not stated; never valid.</summary>
    Unspecified = 0,

    /// <summary>Ends the sessions and the tunnel; the peer may attach again.</summary>
    EndSession = 1,

    /// <summary>Ends sessions with one certificate and refuses it for good.</summary>
    RevokeCertificate = 2,

    /// <summary>Ends everything and refuses the peer, whatever its certificate, until <see cref="Allow"/>.</summary>
    Block = 3,

    /// <summary>Ends a block. Revoked certificates stay revoked.</summary>
    Allow = 4,
}
