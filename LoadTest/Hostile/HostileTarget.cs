using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>The edge as attackers see it, and what they have in hand: many addresses of 127.0.0.0/8, and devices of the tenant that turned.</summary>
internal sealed class HostileTarget(HostileOptions options, RelayAddress devices, int udpPort, string nodeState, string folder) : IDisposable
{
    private readonly List<AgentState> _states = [];
    private int _lastDevice;

    public HostileOptions Options => options;

    /// <summary>Where devices reach the edge over TCP.</summary>
    public IPEndPoint Devices { get; } = new(IPAddress.Loopback, devices.Port);

    /// <summary>Where they reach it over UDP.</summary>
    public IPEndPoint DevicesUdp { get; } = new(IPAddress.Loopback, udpPort);

    /// <summary>The address of one of the attackers: never the bystanders' 127.0.0.1.</summary>
    /// <param name="number">Of a connection; those beyond the addresses share them.</param>
    public IPAddress Source(int number)
    {
        var index = number % options.Addresses;
        return new IPAddress([127, (byte)(1 + (index / 62_500)), (byte)(1 + (index / 250 % 250)), (byte)(1 + (index % 250))]);
    }

    /// <summary>A TCP connection from an attacker's address.</summary>
    /// <exception cref="SocketException">Refused.</exception>
    public async Task<Socket> ConnectAsync(int number, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(Source(number), 0));
            await socket.ConnectAsync(Devices, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Enrols a device of the tenant.</summary>
    /// <returns>Its state, which stays the target's.</returns>
    public async Task<AgentState> EnrolAsync(CancellationToken cancellationToken)
    {
        var name = $"turned-{Interlocked.Increment(ref _lastDevice)}";
        var state = Path.Combine(folder, name);
        await DeviceEnrolment.EnrolAsync(CreateActivation(name), state, TimeProvider.System, NullLogger.Instance, cancellationToken);
        _states.Add(AgentState.Open(state, PeerRole.Device));
        return _states[^1];
    }

    /// <summary>An activation that the tenant's administrator made.</summary>
    public EnrolmentUri CreateActivation(string device) =>
        NodeActivations.Create(nodeState, DeviceId.Parse(device), TimeProvider.System, relay: devices);

    public void Dispose() => _states.ForEach(state => state.Dispose());
}
