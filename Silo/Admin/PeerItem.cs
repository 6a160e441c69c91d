namespace OrleansUem.Silo.Admin;

/// <summary>A device or node in the lists.</summary>
/// <param name="Tenant">Its tenant.</param>
/// <param name="Name">Its name.</param>
/// <param name="Edge">The edge that it is attached to; null when it is not, or when that edge started again since.</param>
/// <param name="SessionId">The session there.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="LastEnd">Why the last session ended; empty while attached.</param>
/// <param name="IsBlocked">Whether an administrator keeps it out.</param>
/// <param name="CertificateSha256">The newest certificate seen.</param>
/// <param name="CertificateEnds">The end of its validity; null when not known.</param>
/// <param name="Address">The network address of the last attach.</param>
/// <param name="Transport">How its data goes, as its edge last reported: <c>udp</c>, or <c>tcp</c> as the session itself.</param>
/// <param name="Software">Name and version that it stated.</param>
/// <param name="At">When it was so.</param>
public sealed record PeerItem(
    string Tenant,
    string Name,
    string? Edge,
    ulong? SessionId,
    ulong? Generation,
    string LastEnd,
    bool IsBlocked,
    string CertificateSha256,
    DateTimeOffset? CertificateEnds,
    string Address,
    string Transport,
    string Software,
    DateTimeOffset At);
