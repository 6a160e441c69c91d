namespace OrleansUem.Device.Apps;

/// <summary>Settings of one <see cref="AppSet"/>.</summary>
public sealed record AppSetOptions
{
    /// <summary>The device; <see cref="DeviceOptions.AcceptsDefaultRoute"/> and <see cref="DeviceOptions.Names"/> count for nothing here: apps have no other way than the tunnel.</summary>
    public required DeviceOptions Device { get; init; }

    /// <summary>Who may be started in the tunnel.</summary>
    public required AppNames Names { get; init; }

    /// <summary>A command line that runs <see cref="OrleansUem.Agent.Apps.AppNetworkHolder.Run"/>.</summary>
    public required IReadOnlyList<string> HolderCommand { get; init; }
}
