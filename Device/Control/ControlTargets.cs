using System.Net.Sockets;

namespace OrleansUem.Device.Control;

/// <summary>What askers at the control socket reach. Any thread.</summary>
/// <param name="Report">What "status" gets.</param>
/// <param name="End">What "down" does; must not block.</param>
/// <param name="JoinAsync">Takes over the connection of a "join", with the program that was named.</param>
internal sealed record ControlTargets(Func<DeviceReport> Report, Action End, Func<Socket, string, Task> JoinAsync);
