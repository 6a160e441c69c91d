using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Silo.Admin;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>A tenant with its node in this process; the node's network sends every UDP packet back.</summary>
internal sealed class EchoNode : IAsyncDisposable
{
    private readonly LocalRole _role;

    private EchoNode(LocalRole role, PeerIdentity identity, string stateDirectory)
    {
        _role = role;
        Identity = identity;
        StateDirectory = stateDirectory;
    }

    public PeerIdentity Identity { get; }

    /// <summary>For activations.</summary>
    public string StateDirectory { get; }

    /// <summary>Registers a tenant and starts its node; on return the node is attached.</summary>
    /// <param name="admin">A silo.</param>
    /// <param name="nodePort">The edge's port for nodes, on loopback.</param>
    /// <param name="stateDirectory">An empty directory or none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<EchoNode> StartAsync(AdminConnection admin, int nodePort, string stateDirectory, CancellationToken cancellationToken)
    {
        var invitation = await admin.InviteAsync(new InvitationRequest("127.0.0.1", nodePort), cancellationToken);
        var identity = await NodeInit.InitAsync(
            Read(invitation), stateDirectory, NodeId.Parse("node-1"), "Load", NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        var options = new NodeOptions { StateDirectory = stateDirectory, Allow = ["10.1.0.0/16"] };
        var (role, _) = await LocalRole.StartAsync<NodeStatus>(
            (ready, stop) => NodeHost.RunAsync(
                options,
                NullLoggerFactory.Instance,
                TimeProvider.System,
                status =>
                {
                    if (status.Kind == NodeStatusKind.Attached)
                    {
                        ready(status);
                    }
                },
                (_, _, _, _) => new EchoEgress(TunnelLimits.MtuBytesDefault),
                stop),
            cancellationToken);
        return new EchoNode(role, identity, stateDirectory);
    }

    /// <summary>What an administrator would copy.</summary>
    public static EnrolmentUri Read(EnrolmentText text) =>
        EnrolmentUri.TryParse(text.Uri, out var uri, out var error) ? uri : throw new FormatException(error);

    public ValueTask DisposeAsync() => _role.DisposeAsync();
}
