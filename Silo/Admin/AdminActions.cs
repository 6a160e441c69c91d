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
    public Task<IResult> InviteAsync(InvitationRequest request) => RequestRules.FindFault(request) is { } fault
        ? Task.FromResult(Problems.Field(fault))
        : CreateAsync(
            EnrolmentKind.Invite, InvitationKind.Tenant, request.RelayHost!, request.RelayPort, request.Name ?? "", uriName: null, request.LifetimeMinutes);

    public Task<IResult> CreateEdgeTokenAsync(EdgeTokenRequest request) => RequestRules.FindFault(request) is { } fault
        ? Task.FromResult(Problems.Field(fault))
        : CreateAsync(
            EnrolmentKind.Join, InvitationKind.Edge, request.SiloHost!, request.SiloPort, request.EdgeId!, request.EdgeId, request.LifetimeMinutes);

    public async Task<IResult> CutAsync(CutRequest request)
    {
        if (RequestRules.FindFault(request) is { } fault)
        {
            return Problems.Field(fault);
        }

        var tenant = TenantId.Parse(request.Tenant);
        if (RequestRules.IsAboutTenant(request))
        {
            return await CutTenantAsync(tenant, isAllowed: request.Action == "allow");
        }

        var role = request.Node is null ? PeerRole.Device : PeerRole.Node;
        var name = request.Device ?? request.Node;
        if (name is null)
        {
            if (await inventory.FindCertificateAsync(tenant.Text, request.Certificate!, CancellationToken.None) is not { } found)
            {
                return Results.Problem(
                    "The inventory knows no peer with this certificate: name its device or node too.", statusCode: StatusCodes.Status404NotFound);
            }

            (role, name) = found;
        }

        return await CutPeerAsync(tenant, role, name, request);
    }

    public async Task<IResult> RemoveEdgeAsync(string id)
    {
        if (RequestRules.FindFaultInName("id", id) is { } fault)
        {
            return Problems.Field(fault);
        }

        var edge = EdgeId.Parse(id);
        await grains.GetGrain<IEdgeGrain>(GrainKeys.Edge(edge)).RemoveAsync();
        var ended = listener.Drop(edge);
        LogEdgeRemoved(logger, edge.Text, ended);
        return Results.Ok(new EdgeRemoved(ended));
    }

    private async Task<IResult> CutTenantAsync(TenantId tenant, bool isAllowed)
    {
        var grain = grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant));

        // A typing error must not make a grain that cuts nobody and says that it did.
        if (!(await grain.GetStatusAsync()).IsRegistered)
        {
            return Problems.Refused(Reason.UnknownTenant, "There is no such tenant.");
        }

        if (isAllowed)
        {
            return Outcome(await grain.RestoreAsync());
        }

        LogTenantCut(logger, tenant.Short);
        return Outcome(await grain.CutAsync());
    }

    private async Task<IResult> CutPeerAsync(TenantId tenant, PeerRole role, string name, CutRequest request)
    {
        var kind = RequestRules.KindOf(request);
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
}
