namespace OrleansUem.Protocol.Tunnel;

/// <summary>Which end of a tunnel a <see cref="TunnelMachine"/> is.</summary>
public enum TunnelRole
{
    /// <summary>Not stated; never valid.</summary>
    Unspecified = 0,

    /// <summary>The device: DTLS client, asks for the configuration.</summary>
    Device = 1,

    /// <summary>The node: DTLS server, gives the configuration.</summary>
    Node = 2,
}
