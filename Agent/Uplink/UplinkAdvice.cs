using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

/// <summary>What the end of a session means to a person, in one line, with what to do where something can be done.</summary>
public static class UplinkAdvice
{
    /// <summary>Explains an end.</summary>
    /// <param name="end">The end.</param>
    /// <param name="now">This side's clock, which is named when clocks disagree.</param>
    public static string Explain(UplinkEnd end, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(end);
        return end.Reason switch
        {
            Reason.ClockSkew when end.ServerTime is { } server =>
                $"This machine's clock says {now.UtcDateTime:u}, the relay's {server.UtcDateTime:u}; they may differ by {AttachClaims.MaxSkew.TotalMinutes} minutes. Set the clock.",
            Reason.ClockSkew => $"This machine's clock ({now.UtcDateTime:u}) is too far from the relay's. Set the clock.",
            Reason.CertificateExpired when end.IsByPeer => "The certificate has expired. Enrol again into an empty state directory.",
            Reason.CertificateNotYetValid => $"A certificate is not valid yet at {now.UtcDateTime:u}. Is this machine's clock right?",
            Reason.CertificateRevoked => "The organisation or the relay's operator has cut this device or node off. Ask them. Once they allow it again, start this again; after a revocation, enrol with a new activation into an empty state directory.",
            Reason.CertificateSuperseded => "A newer certificate of the same name is in use. Use its state directory, or enrol again.",
            Reason.UnknownTenant => "The relay does not know this organisation. Ask the organisation whether it has moved to another relay.",
            Reason.UnsupportedVersion => $"The relay and this program speak different versions. Update the older one. ({end.Detail})",
            Reason.Replaced => "Another process attached with the same certificate. Is the state directory used on two machines?",
            Reason.NoSilo => "The relay's edge has lost its silo; it answers again when the silo is back.",
            Reason.CertificateUntrusted or Reason.CertificateMalformed or Reason.CertificateExpired or Reason.CertificateWrongRole
                or Reason.CertificateWrongName when !end.IsByPeer =>
                $"The server is not an edge of our installation ({end.Reason.Describe()}). Is there a captive portal or a proxy in between?",
            Reason.Detached when !end.IsByPeer => "this side ended the session.",
            _ when ReconnectPolicy.IsFatal(end) => $"The relay refuses this certificate: {end.Reason.Describe()}. Enrol again into an empty state directory.",
            _ => end.ToString(),
        };
    }
}
