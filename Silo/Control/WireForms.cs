using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Silo.Control;

/// <summary>Grain records as the messages of control.proto.</summary>
internal static class WireForms
{
    public static SessionRef ToWire(SessionKey session) =>
        new() { EdgeId = session.EdgeId, SessionId = session.SessionId, Generation = session.Generation };

    public static Lease ToWire(RouteLease lease) => new()
    {
        LeaseId = lease.LeaseId,
        Local = ToWire(lease.Local),
        Peer = ToWire(lease.Peer),
        IdleSeconds = lease.IdleSeconds,
        ByteLimit = lease.ByteLimit,
        LifetimeSeconds = lease.LifetimeSeconds,
    };

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
