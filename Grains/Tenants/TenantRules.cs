using System.Security.Cryptography;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tenants;

/// <summary>Registration of a tenant. Pure.</summary>
internal static class TenantRules
{
    internal const int MaxNameCharacters = 64;

    internal static (TenantAdmission Answer, TenantState Next) Register(
        TenantState state, TenantId tenant, TenantRegistration registration, DateTimeOffset now)
    {
        if (state.IsCut)
        {
            return (new TenantAdmission { Reason = Reason.CutByAdmin, Detail = "The tenant is cut off." }, state);
        }

        if (registration.Name.Length is 0 or > MaxNameCharacters || registration.Name.Any(char.IsControl))
        {
            return (Bad($"The name has 1..{MaxNameCharacters} printable characters."), state);
        }

        if (!IsRootOf(tenant, registration.Root))
        {
            return (Bad("The certificate is not this tenant's root."), state);
        }

        // The id is the key's fingerprint, so another certificate here is the same key with a new validity.
        var next = state with
        {
            Root = registration.Root,
            Name = registration.Name,
            InvitationId = registration.InvitationId,
            RegisteredUnixMs = state.RegisteredUnixMs == 0 ? now.ToUnixTimeMilliseconds() : state.RegisteredUnixMs,
        };
        return (new TenantAdmission(), next);
    }

    /// <summary>None for a tenant that may attach.</summary>
    internal static Reason Standing(TenantState state) =>
        state.Root.IsEmpty ? Reason.UnknownTenant : state.IsCut ? Reason.CutByAdmin : Reason.None;

    private static bool IsRootOf(TenantId tenant, ReadOnlyMemory<byte> der)
    {
        if (CertificateProfile.TryLoad(der.Span, out var root) != Reason.None || root is null)
        {
            return false;
        }

        using (root)
        {
            try
            {
                return CertificateProfile.IsRoot(root) && TenantId.FromRoot(root) == tenant;
            }
            catch (CryptographicException)
            {
                // A key that .NET does not read is none of ours.
                return false;
            }
        }
    }

    private static TenantAdmission Bad(string detail) => new() { Reason = Reason.BadRequest, Detail = detail };
}
