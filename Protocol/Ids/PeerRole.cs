namespace OrleansUem.Protocol.Ids;

/// <summary>What a certificate's holder is. Reaches the wire and storage: numbers are fixed.</summary>
public enum PeerRole
{
    /// <summary>Not stated; never valid.</summary>
    Unspecified = 0,

    /// <summary>A managed phone or laptop of a tenant.</summary>
    Device = 1,

    /// <summary>The organisation's side of the tunnels.</summary>
    Node = 2,

    /// <summary>A public socket process of the installation.</summary>
    Edge = 3,

    /// <summary>A process that hosts grains.</summary>
    Silo = 4,
}
