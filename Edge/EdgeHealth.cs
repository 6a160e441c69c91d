using OrleansUem.Transport.Health;

namespace OrleansUem.Edge;

/// <summary>Whether an edge should get new sessions: it listens, has a silo, and does not drain. Made before the edge and handed to <see cref="EdgeHost"/>.</summary>
public sealed class EdgeHealth : IHealthSource
{
    private volatile EdgeServer? _server;
    private volatile bool _isReady;
    private volatile bool _isDraining;

    /// <inheritdoc/>
    public string Role => "edge";

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HealthFault>> FindFaultsAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<HealthFault>>(
        _isDraining ? [new HealthFault("drain", "The edge drains: its sessions go elsewhere.")]
        : !_isReady ? [new HealthFault("start", "The edge is starting.")]
        : _server is { Silos.IsLinked: false } ? [new HealthFault("silo", "No silo is linked: nobody can attach. Tunnels that are up go on until their leases end.")]
        : []);

    internal void Started(EdgeServer server)
    {
        _server = server;
        _isReady = true;
    }

    internal void Draining() => _isDraining = true;
}
