using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Edge.Sessions;

/// <summary>Whom a cut meets.</summary>
internal static class CutScope
{
    /// <summary>Whether a session is in the scope: every field that is set must fit.</summary>
    public static bool Covers(Cut cut, PeerIdentity identity, ulong generation, ReadOnlySpan<byte> certificateSha256)
    {
        var isNamed = cut.DeviceId.Length > 0 || cut.NodeId.Length > 0;
        return identity.Root.Text == cut.TenantId
            && (!isNamed
                || (identity.Role == PeerRole.Device && identity.Name == cut.DeviceId)
                || (identity.Role == PeerRole.Node && identity.Name == cut.NodeId))
            && (cut.CertificateSha256.IsEmpty || cut.CertificateSha256.Span.SequenceEqual(certificateSha256))
            && (cut.GenerationThrough == 0 || generation <= cut.GenerationThrough);
    }

    /// <summary>The beginning of the lease ids that a cut ends beside its sessions' own; null when it names a certificate, node or generation.</summary>
    public static string? LeasePrefix(Cut cut) =>
        !cut.CertificateSha256.IsEmpty || cut.NodeId.Length > 0 || cut.GenerationThrough != 0 ? null
        : cut.DeviceId.Length > 0 ? $"{cut.TenantId}/{cut.DeviceId}/"
        : $"{cut.TenantId}/";
}
