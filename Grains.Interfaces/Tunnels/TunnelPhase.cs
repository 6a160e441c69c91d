namespace OrleansUem.Grains.Interfaces;

/// <summary>Where a device's tunnel is. Reaches the inventory: numbers are fixed.</summary>
[GenerateSerializer, Alias("uem.TunnelPhase")]
public enum TunnelPhase
{
    /// <summary>No tunnel.</summary>
    Closed = 0,

    /// <summary>Offered to a node, not answered.</summary>
    Opening = 1,

    /// <summary>Both edges hold a lease.</summary>
    Open = 2,

    /// <summary>The activation is new and storage says that a tunnel was not ended: open if its edges still report it.</summary>
    Recalled = 3,
}
