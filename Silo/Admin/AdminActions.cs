using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Control;
using OrleansUem.Silo.Inventory;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Admin;

/// <summary>What an administrator changes. Every method checks its fields first and then asks the one grain that owns the decision.</summary>
internal sealed partial class AdminActions(
    SiloState state, IGrainFactory grains, ControlListener listener, InventoryReader inventory, TimeProvider time, ILogger<AdminActions> logger)
{
    public async Task<IResult> InviteAsync(InvitationRequest request)
    {
        var note = request.Name ?? "";
        var problem = CheckAddress("relayHost", request.RelayHost, "relayPort", request.RelayPort)
            ?? CheckLifetime(request.LifetimeMinutes)
            ?? (note.Length > AdminLimits.MaxNoteCharacters || note.Any(char.IsControl)
                ? Problems.Field("name", $"not 0..{AdminLimits.MaxNoteCharacters} printable characters.")
                : null);
        return problem ?? await CreateAsync(
            EnrolmentKind.Invite, InvitationKind.Tenant, request.RelayHost!, request.RelayPort, note, uriName: null, request.LifetimeMinutes);
    }

    public async Task<IResult> CreateEdgeTokenAsync(EdgeTokenRequest request)
    {
        var problem = CheckAddress("siloHost", request.SiloHost, "siloPort", request.SiloPort) ?? CheckLifetime(request.LifetimeMinutes);
        if (problem is not null)
        {
            return problem;
        }

        return EdgeId.TryParse(request.EdgeId, out var edge)
            ? await CreateAsync(
                EnrolmentKind.Join, InvitationKind.Edge, request.SiloHost!, request.SiloPort, edge.Text, edge.Text, request.LifetimeMinutes)
            : NotAName("edgeId", request.EdgeId);
    }

    public async Task<IResult> CutAsync(CutRequest request)
    {
        if (!TenantId.TryParse(request.Tenant, out var tenant))
        {
            return Problems.Field("tenant", $"not {TenantId.TextCharacters} lower-case hexadecimal digits.");
        }

        if (request.Device is not null && request.Node is not null)
        {
            return Problems.Field("node", "not together with device.");
        }

        if (request.Certificate is { } certificate && !TenantId.TryParse(certificate, out _))
        {
            return Problems.Field("certificate", "not SHA-256 as 64 lower-case hexadecimal digits.");
        }

        if (request.Device is null && request.Node is null && request.Certificate is null)
        {
            return await CutTenantAsync(tenant, request.Action ?? "block");
        }

        var role = request.Node is null ? PeerRole.Device : PeerRole.Node;
        var name = request.Device ?? request.Node;
        if (name is null)
        {
            if (inventory.FindCertificate(tenant.Text, request.Certificate!) is not { } found)
            {
                return Results.Problem(
                    "The inventory knows no peer with this certificate: name its device or node too.", statusCode: StatusCodes.Status404NotFound);
            }

            (role, name) = found;
        }

        return NameRules.IsName(name)
            ? await CutPeerAsync(tenant, role, name, request)
            : NotAName(role == PeerRole.Node ? "node" : "device", name);
    }

    public async Task<IResult> RemoveEdgeAsync(string id)
    {
        if (!EdgeId.TryParse(id, out var edge))
        {
            return NotAName("id", id);
        }

        await grains.GetGrain<IEdgeGrain>(GrainKeys.Edge(edge)).RemoveAsync();
        var ended = listener.Drop(edge);
        LogEdgeRemoved(logger, edge.Text, ended);
        return Results.Ok(new EdgeRemoved(ended));
    }

    private async Task<IResult> CutTenantAsync(TenantId tenant, string action)
    {
        var grain = grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant));

        // A typing error must not make a grain that cuts nobody and says that it did.
        if (!(await grain.GetStatusAsync()).IsRegistered)
        {
            return Problems.Refused(Reason.UnknownTenant, "There is no such tenant.");
        }

        switch (action)
        {
            case "block":
                LogTenantCut(logger, tenant.Short);
                return Outcome(await grain.CutAsync());
            case "allow":
                return Outcome(await grain.RestoreAsync());
            default:
                return Problems.Field("action", $"'{action}' is none of block, allow for a tenant.");
        }
    }

    private async Task<IResult> CutPeerAsync(TenantId tenant, PeerRole role, string name, CutRequest request)
    {
        var action = request.Action ?? (request.Certificate is null ? "block" : "revoke");
        var kind = action switch
        {
            "end" => PeerCutKind.EndSession,
            "block" => PeerCutKind.Block,
            "allow" => PeerCutKind.Allow,
            "revoke" when request.Certificate is not null => PeerCutKind.RevokeCertificate,
            _ => PeerCutKind.Unspecified,
        };
        if (kind == PeerCutKind.Unspecified)
        {
            return Problems.Field("action", $"'{action}' is none of end, block, allow, revoke; revoke needs a certificate.");
        }

        if (!(await grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant)).GetStatusAsync()).IsRegistered)
        {
            return Problems.Refused(Reason.UnknownTenant, "There is no such tenant.");
        }

        var cut = new PeerCut { Kind = kind, CertificateSha256 = kind == PeerCutKind.RevokeCertificate ? request.Certificate! : "" };
        var key = GrainKeys.Peer(new PeerIdentity(tenant, role, name));
        var result = role == PeerRole.Node
            ? await grains.GetGrain<INodeGrain>(key).CutAsync(cut)
            : await grains.GetGrain<IDeviceGrain>(key).CutAsync(cut);
        LogPeerCut(logger, kind, role, tenant.Short);
        return Outcome(result);
    }

    private async Task<IResult> CreateAsync(
        EnrolmentKind kind, InvitationKind grainKind, string host, int port, string name, string? uriName, int? lifetimeMinutes)
    {
        var expires = time.GetUtcNow() + TimeSpan.FromMinutes(lifetimeMinutes ?? AdminLimits.DefaultLifetimeMinutes);
        var uri = new EnrolmentUri
        {
            Kind = kind,
            Host = host,
            Port = port,
            Installation = state.Installation,
            Id = state.CreateInvitationId(),
            Secret = EnrolmentSecret.NewRandom(),
            Name = uriName,
        };
        var created = await grains.GetGrain<IInvitationGrain>(uri.Id).CreateAsync(new InvitationSpec
        {
            Kind = grainKind,
            Secret = uri.Secret,
            ExpiresUnixMs = expires.ToUnixTimeMilliseconds(),
            Name = name,
        });
        if (created.Reason != Reason.None)
        {
            return Problems.Refused(created.Reason);
        }

        LogInvited(logger, kind, uri.Id);
        return Results.Ok(new EnrolmentText(uri.Id, uri.ToSecretText(), expires));
    }

    private static IResult Outcome(CutResult result) => result.Reason == Reason.None
        ? Results.Ok(new CutOutcome(result.Sequence, result.EdgesTold, result.EdgesAcknowledged))
        : Problems.Refused(result.Reason, result.Detail);

    private static IResult? CheckAddress(string hostField, string? host, string portField, int port) =>
        string.IsNullOrEmpty(host) || host.Length > AdminLimits.MaxHostCharacters || Uri.CheckHostName(host) == UriHostNameType.Unknown
            ? Problems.Field(hostField, $"'{host}' is no host name or address of 1..{AdminLimits.MaxHostCharacters} characters.")
            : port is < 1 or > 65_535 ? Problems.Field(portField, $"{port} is not 1..65535.") : null;

    private static IResult? CheckLifetime(int? minutes) =>
        minutes is < AdminLimits.MinLifetimeMinutes or > AdminLimits.MaxLifetimeMinutes
            ? Problems.Field("lifetimeMinutes", $"{minutes} is not {AdminLimits.MinLifetimeMinutes}..{AdminLimits.MaxLifetimeMinutes}.")
            : null;

    private static IResult NotAName(string field, string? value) =>
        Problems.Field(field, $"'{value}' is not 1..{NameRules.MaxCharacters} characters of a-z 0-9 . _ -, the first a letter or digit.");
}
