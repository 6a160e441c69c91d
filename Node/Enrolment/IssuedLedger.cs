using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Node.Enrolment;

/// <summary>
/// Every certificate that the tenant's root has issued, appended and synced before the certificate leaves the node: what can be used can be revoked.
/// A line is <c>SHA256 SERIAL ROLE NAME ISSUED NOT_AFTER</c>.
/// </summary>
internal static class IssuedLedger
{
    private const int Words = 6;

    public static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span));

    /// <exception cref="AgentStateException">It can't be written.</exception>
    public static void Add(StateDirectory files, X509Certificate2 certificate, PeerRole role, string name, DateTimeOffset now) => NodeFiles.Append(
        files,
        NodeFiles.Issued,
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Fingerprint(certificate)} {certificate.SerialNumber} {role} {name} {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} {certificate.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}"),
        ]);

    /// <summary>Fingerprints of a device's certificates.</summary>
    /// <exception cref="AgentStateException">It can't be read.</exception>
    public static IReadOnlyList<string> Of(StateDirectory files, DeviceId device) =>
    [
        .. NodeFiles.ReadLines(files, NodeFiles.Issued)
            .Where(words => words.Length == Words && words[2] == nameof(PeerRole.Device) && words[3] == device.Text)
            .Select(words => words[0])
            .Distinct(),
    ];
}
