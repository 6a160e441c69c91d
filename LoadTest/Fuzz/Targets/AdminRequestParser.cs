using System.Text.Json;
using OrleansUem.Protocol.Ids;
using OrleansUem.Silo.Admin;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>JSON bodies of the admin API, as the server reads them; the first byte picks the kind. What has no fault is in its ranges.</summary>
internal sealed class AdminRequestParser : FuzzParser
{
    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty || input.Length > AdminLimits.MaxBodyBytes)
        {
            return false;
        }

        try
        {
            return (input[0] % 3) switch
            {
                0 => TakeInvitation(Read<InvitationRequest>(input[1..])),
                1 => TakeToken(Read<EdgeTokenRequest>(input[1..])),
                _ => TakeCut(Read<CutRequest>(input[1..])),
            };
        }
        catch (JsonException)
        {
            // The server answers 400.
            return false;
        }
    }

    private static T? Read<T>(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web);

    private static bool TakeInvitation(InvitationRequest? request)
    {
        if (request is null || RequestRules.FindFault(request) is not null)
        {
            return false;
        }

        Require(request.RelayPort is > 0 and < 65_536 && request.RelayHost is { Length: > 0 }, "An address out of its range.");
        Require(request.LifetimeMinutes is null or >= AdminLimits.MinLifetimeMinutes and <= AdminLimits.MaxLifetimeMinutes, "A lifetime out of its range.");
        return true;
    }

    private static bool TakeToken(EdgeTokenRequest? request)
    {
        if (request is null || RequestRules.FindFault(request) is not null)
        {
            return false;
        }

        Require(EdgeId.TryParse(request.EdgeId, out _) && request.SiloPort is > 0 and < 65_536, "A name or port out of its range.");
        return true;
    }

    private static bool TakeCut(CutRequest? request)
    {
        if (request is null || RequestRules.FindFault(request) is not null)
        {
            return false;
        }

        Require(TenantId.TryParse(request.Tenant, out _), "A cut without a tenant.");
        Require(RequestRules.IsAboutTenant(request) || RequestRules.KindOf(request) != Grains.Interfaces.PeerCutKind.Unspecified, "A cut that does nothing.");
        return true;
    }
}
