using System.CommandLine;
using System.Net;
using OrleansUem.Edge;

namespace OrleansUem.Uem.Commands;

/// <summary>Where an edge listens; shared by <c>uem edge</c> and <c>uem up</c>.</summary>
internal sealed class EdgeListenOptions
{
    private readonly Option<IPEndPoint[]> _devices = CommandOptions.EndPoints("--devices", "where devices connect", "0.0.0.0:443");
    private readonly Option<IPEndPoint[]> _nodes = CommandOptions.EndPoints("--nodes", "where nodes connect", "0.0.0.0:3101");
    private readonly Option<bool> _noUdp = new("--no-udp") { Description = "carry all data over TLS on TCP" };
    private readonly Option<int?> _devicesUdp = new("--devices-udp") { HelpName = "PORT", Description = "UDP port for devices, when it is not that of --devices" };
    private readonly Option<int?> _nodesUdp = new("--nodes-udp") { HelpName = "PORT", Description = "UDP port for nodes, when it is not that of --nodes" };
    private readonly Option<int> _udpThreads = new("--udp-threads")
    {
        HelpName = "COUNT",
        Description = "threads that forward UDP, 1..64; one for each core unless given",
        DefaultValueFactory = _ => new EdgeUdpOptions().Threads,
    };

    private readonly Option<int> _connections = Limit("--max-connections", "TCP connections of each listener at most", new EdgeLimits().MaxConnections);
    private readonly Option<int> _addressConnections = Limit("--max-connections-per-address", "those of one IPv4 address or IPv6 /64", new EdgeLimits().MaxConnectionsPerAddress);
    private readonly Option<int> _pending = Limit("--max-pending", "those that have not attached, an eighth of them for one address", new EdgeLimits().MaxPending);
    private readonly Option<int> _handshakeThreads = Limit("--handshake-threads", "threads that compute TLS handshakes, 1..64; half the cores unless given", new EdgeLimits().HandshakeThreads);

    private readonly Option<string?> _audit = new("--audit")
    {
        Description = "write what the relay can see of the tunnels to FILE (ciphertext; sizes and times are traffic data of your users; slow)",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Add(_devices);
        command.Add(_nodes);
        command.Add(_noUdp);
        command.Add(_devicesUdp);
        command.Add(_nodesUdp);
        command.Add(_udpThreads);
        command.Add(_connections);
        command.Add(_addressConnections);
        command.Add(_pending);
        command.Add(_handshakeThreads);
        command.Add(_audit);
    }

    public EdgeOptions Read(ParseResult parsed, string stateDirectory, IReadOnlyList<string> silos) => new()
    {
        StateDirectory = stateDirectory,
        Silos = silos,
        DeviceEndPoints = parsed.GetRequiredValue(_devices),
        NodeEndPoints = parsed.GetRequiredValue(_nodes),
        Udp = new EdgeUdpOptions
        {
            IsOffered = !parsed.GetValue(_noUdp),
            DevicePort = parsed.GetValue(_devicesUdp),
            NodePort = parsed.GetValue(_nodesUdp),
            Threads = parsed.GetValue(_udpThreads),
        },
        Limits = new EdgeLimits
        {
            MaxConnections = parsed.GetValue(_connections),
            MaxConnectionsPerAddress = parsed.GetValue(_addressConnections),
            MaxPending = parsed.GetValue(_pending),
            HandshakeThreads = parsed.GetValue(_handshakeThreads),
        },
        AuditCapturePath = parsed.GetValue(_audit),
    };

    private static Option<int> Limit(string name, string description, int value) => new(name)
    {
        HelpName = "COUNT",
        Description = description,
        DefaultValueFactory = _ => value,
    };
}
