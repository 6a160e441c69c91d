namespace OrleansUem.Device.Apps;

/// <summary>Settings of one <see cref="AppRun"/>.</summary>
public sealed record AppRunOptions
{
    /// <summary>The device; <see cref="DeviceOptions.AcceptsDefaultRoute"/> counts for nothing here: the command has no other way than the tunnel.</summary>
    public required DeviceOptions Device { get; init; }

    /// <summary>The command: the program's full path, then its arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>A command line that runs <see cref="OrleansUem.Agent.Apps.AppNetworkHolder.Run"/>.</summary>
    public required IReadOnlyList<string> HolderCommand { get; init; }

    /// <summary>How long the tunnel may take before the command is given up, 1 s to 1 day. Default 60 s: two attempts over a bad network.</summary>
    public TimeSpan TunnelTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
