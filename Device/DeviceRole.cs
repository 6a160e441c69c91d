using Microsoft.Extensions.Logging;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Names;
using OrleansUem.Device.Network;

namespace OrleansUem.Device;

/// <summary>What an agent runs for, and what differs by it.</summary>
internal sealed record DeviceRole
{
    /// <summary>As in the status: up, up --apps, run.</summary>
    public required string Mode { get; init; }

    /// <summary>Makes TUN, address and routes.</summary>
    public required Func<DeviceOptions, ILoggerFactory, IDeviceNetwork> OpenNetwork { get; init; }

    /// <summary>Takes over the machine's name resolution; null: the role has another.</summary>
    public Func<DeviceOptions, Action<DeviceStatus>, TimeProvider, ILoggerFactory, SplitNames>? OpenNames { get; init; }

    /// <summary>What <c>uem device down</c> does instead of ending the agent at once; null: that.</summary>
    public Action? OnDown { get; init; }

    /// <summary>Who else may use the tunnel; null: nobody, and <see cref="DeviceHost"/> says why.</summary>
    public AppMembers? Apps { get; init; }
}
