using System.CommandLine;
using System.Net;
using OrleansUem.Edge;

namespace OrleansUem.Uem.Commands;

/// <summary>Where an edge listens; shared by <c>uem edge</c> and <c>uem up</c>.</summary>
internal sealed class EdgeListenOptions
{
    private readonly Option<IPEndPoint[]> _devices = CommandOptions.EndPoints("--devices", "where devices connect", "0.0.0.0:443");
    private readonly Option<IPEndPoint[]> _nodes = CommandOptions.EndPoints("--nodes", "where nodes connect", "0.0.0.0:3101");
    private readonly Option<string?> _audit = new("--audit")
    {
        Description = "write what the relay can see of the tunnels to FILE (ciphertext; sizes and times are traffic data of your users; slow)",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Add(_devices);
        command.Add(_nodes);
        command.Add(_audit);
    }

    public EdgeOptions Read(ParseResult parsed, string stateDirectory, IReadOnlyList<string> silos) => new()
    {
        StateDirectory = stateDirectory,
        Silos = silos,
        DeviceEndPoints = parsed.GetRequiredValue(_devices),
        NodeEndPoints = parsed.GetRequiredValue(_nodes),
        AuditCapturePath = parsed.GetValue(_audit),
    };
}
