namespace OrleansUem.Grains.Interfaces;

/// <summary>A tunnel that a node is to carry.</summary>
[GenerateSerializer, Immutable, Alias("uem.NodeAdmission")]
public sealed record NodeAdmission
{
    /// <summary>The device.</summary>
    [Id(0)] public required string DeviceId { get; init; }

    /// <summary>The tunnel id.</summary>
    [Id(1)] public required ulong TunnelId { get; init; }

    /// <summary>The node's session when the tunnel is open already and the node grain lost its memory; null for a new tunnel. A recall is admitted over the limit.</summary>
    [Id(2)] public SessionKey? RecalledSession { get; init; }
}
