using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// The parts of the MACs of each enrolment (Protocol/README.md "Activation, invitation, join"), in one place for both sides. Ids go in as
/// their ASCII text, hashes and DER as bytes; <see cref="EnrolmentSecret"/> puts each part's length before it.
/// </summary>
public static class EnrolmentMacs
{
    /// <summary>MAC of <c>EnrolRequest</c>.</summary>
    /// <param name="secret">The activation's secret.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="activationId">The activation's id, 22 characters.</param>
    /// <param name="version"><c>EnrolRequest.version</c>.</param>
    /// <param name="csr">The certificate request, DER.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] ActivationRequest(
        ReadOnlySpan<byte> secret, TenantId tenant, string activationId, uint version, ReadOnlySpan<byte> csr)
    {
        var versionBytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(versionBytes, version);
        return EnrolmentSecret.RequestMac(
            secret, EnrolmentSecret.Activation, Ascii(tenant.Text), Ascii(activationId), versionBytes, SHA256.HashData(csr));
    }

    /// <summary>MAC of <c>EnrolGrant</c>.</summary>
    /// <param name="secret">The activation's secret.</param>
    /// <param name="requestMac">The MAC of the request that is answered.</param>
    /// <param name="certificate">The device's certificate, DER.</param>
    /// <param name="root">The tenant's root, DER.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] ActivationAnswer(
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> requestMac, ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> root) =>
        EnrolmentSecret.AnswerMac(
            secret, EnrolmentSecret.Activation, requestMac.ToArray(), SHA256.HashData(certificate), SHA256.HashData(root));

    /// <summary>MAC of <c>RegisterTenant</c>.</summary>
    /// <param name="secret">The invitation's secret.</param>
    /// <param name="installation">The installation.</param>
    /// <param name="invitationId">The invitation's id, 22 characters.</param>
    /// <param name="root">The tenant's root, DER.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] InvitationRequest(
        ReadOnlySpan<byte> secret, TenantId installation, string invitationId, ReadOnlySpan<byte> root) =>
        EnrolmentSecret.RequestMac(
            secret, EnrolmentSecret.Invitation, Ascii(installation.Text), Ascii(invitationId), root.ToArray());

    /// <summary>MAC of <c>TenantRegistered</c>.</summary>
    /// <param name="secret">The invitation's secret.</param>
    /// <param name="requestMac">The MAC of the request that is answered.</param>
    /// <param name="tenantTag">The tag handed out.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] InvitationAnswer(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> requestMac, ReadOnlySpan<byte> tenantTag) =>
        EnrolmentSecret.AnswerMac(secret, EnrolmentSecret.Invitation, requestMac.ToArray(), tenantTag.ToArray());

    /// <summary>
    /// What <c>RegisterTenant.proof</c> signs under <see cref="SignedText.Register"/>: the installation id (64 characters) and the
    /// invitation id (22 characters), which are of fixed length and need no separator.
    /// </summary>
    /// <param name="installation">The installation.</param>
    /// <param name="invitationId">The invitation's id.</param>
    /// <returns>86 bytes for ids of the right form.</returns>
    public static byte[] RegistrationContent(TenantId installation, string invitationId) => Ascii(installation.Text + invitationId);

    /// <summary>Verifies <c>RegisterTenant.proof</c>.</summary>
    /// <param name="root">The tenant's root.</param>
    /// <param name="installation">The installation.</param>
    /// <param name="invitationId">The invitation's id.</param>
    /// <param name="proof">The signature; any bytes.</param>
    /// <returns>False on any fault.</returns>
    public static bool VerifyRegistrationProof(
        X509Certificate2 root, TenantId installation, string invitationId, ReadOnlySpan<byte> proof) =>
        SignedText.Verify(root, SignedText.Register, RegistrationContent(installation, invitationId), proof);

    /// <summary>MAC of <c>Join</c>.</summary>
    /// <param name="secret">The token's secret.</param>
    /// <param name="installation">The installation.</param>
    /// <param name="tokenId">The token's id, 22 characters.</param>
    /// <param name="edge">The edge.</param>
    /// <param name="csr">The certificate request, DER.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] JoinRequest(
        ReadOnlySpan<byte> secret, TenantId installation, string tokenId, EdgeId edge, ReadOnlySpan<byte> csr) =>
        EnrolmentSecret.RequestMac(
            secret, EnrolmentSecret.Join, Ascii(installation.Text), Ascii(tokenId), Ascii(edge.Text), SHA256.HashData(csr));

    /// <summary>MAC of <c>Joined</c>.</summary>
    /// <param name="secret">The token's secret.</param>
    /// <param name="requestMac">The MAC of the request that is answered.</param>
    /// <param name="certificate">The edge's certificate, DER.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] JoinAnswer(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> requestMac, ReadOnlySpan<byte> certificate) =>
        EnrolmentSecret.AnswerMac(secret, EnrolmentSecret.Join, requestMac.ToArray(), SHA256.HashData(certificate));

    private static byte[] Ascii(string? text) => Encoding.ASCII.GetBytes(text ?? "");
}
