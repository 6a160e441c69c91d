using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Node.Tunnels;

namespace OrleansUem.Node;

/// <summary>Ends the open tunnels of devices that were revoked; a handshake looks at the list by itself.</summary>
internal sealed partial class RevocationWatch(NodeTunnels tunnels, ILogger logger, Action<NodeStatus> onStatus)
{
    /// <summary>How often the file is looked at: the longest that a revoked device goes on.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private int _seen = tunnels.Revocations.Version;

    public void Check()
    {
        try
        {
            tunnels.Revocations.Refresh();
        }
        catch (AgentStateException e)
        {
            LogUnreadable(logger, e.Message);
            return;
        }

        // A handshake may have read the file first; the version tells.
        var version = tunnels.Revocations.Version;
        if (Interlocked.Exchange(ref _seen, version) != version)
        {
            LogLoaded(logger, tunnels.Revocations.Count);
            onStatus(new NodeStatus(NodeStatusKind.RevocationsLoaded, $"{tunnels.Revocations.Count} certificates are revoked"));
            tunnels.CloseRevoked();
        }
    }
}
