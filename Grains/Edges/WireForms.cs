using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Grains.Edges;

/// <summary>Grain records as the messages of control.proto, for grains and for the silo's control links.</summary>
public static class WireForms
{
    /// <summary>A session in the whole installation.</summary>
    public static SessionRef ToWire(SessionKey session) =>
        new() { EdgeId = session.EdgeId, SessionId = session.SessionId, Generation = session.Generation };

    /// <summary>An entry of an edge's forwarding table.</summary>
    public static Lease ToWire(RouteLease lease) => new()
    {
        LeaseId = lease.LeaseId,
        Local = ToWire(lease.Local),
        Peer = ToWire(lease.Peer),
        IdleSeconds = lease.IdleSeconds,
        ByteLimit = lease.ByteLimit,
        LifetimeSeconds = lease.LifetimeSeconds,
    };

    /// <summary>A cut with its place in the ledger.</summary>
    public static Cut ToWire(CutEntry entry) => new()
    {
        Sequence = entry.Sequence,
        TenantId = entry.TenantId,
        DeviceId = entry.DeviceId,
        NodeId = entry.NodeId,
        CertificateSha256 = ByteString.CopyFrom(Convert.FromHexString(entry.CertificateSha256)),
        Reason = (uint)entry.ReasonCode,
        GenerationThrough = entry.GenerationThrough,
    };

    private static RouteEnd ToWire(RouteEndpoint end) => new() { Session = ToWire(end.Session), Channel = end.Channel };
}
