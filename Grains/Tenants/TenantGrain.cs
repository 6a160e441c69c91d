using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Cuts;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Storage;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tenants;

/// <summary>An organisation: its root is stored, which nodes are attached is a cache that one LOCATE fills after an activation.</summary>
public sealed partial class TenantGrain(
    [PersistentState("tenant")] IPersistentState<TenantState> state,
    GrainOptions options,
    TimeProvider time,
    IInventory inventory,
    ILogger<TenantGrain> logger) : Grain, ITenantGrain
{
    private readonly NodeTable _nodes = new();
    private Task _locating = Task.CompletedTask;
    private bool _nodesKnown;
    private int _enrolments;
    private TenantId _tenant;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _tenant = TenantId.Parse(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public async Task<TenantAdmission> RegisterAsync(TenantRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        var (answer, next) = TenantRules.Register(state.State, _tenant, registration, time.GetUtcNow());
        if (answer.Reason == Reason.None)
        {
            await state.ReplaceAsync(next);
            Tell();
        }

        return answer;
    }

    public Task<TenantRoots> GetRootsAsync()
    {
        var reason = TenantRules.Standing(state.State);
        return Task.FromResult(new TenantRoots
        {
            Reason = reason,
            Roots = reason == Reason.None ? [state.State.Root] : [],
            LifetimeSeconds = (uint)options.RootsLifetime.TotalSeconds,
        });
    }

    public async Task NodeAttachedAsync(AttachedNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        _nodes.Attach(node.NodeId, node.Session);
        var known = state.State.Nodes;
        if (known.AsSpan().BinarySearch(node.NodeId, StringComparer.Ordinal) is < 0 and var index)
        {
            if (known.Length >= options.MaxNodesPerTenant)
            {
                // It works until the next loss of memory; then nobody asks the edges for it.
                LogTooManyNodes(options.MaxNodesPerTenant);
                return;
            }

            await state.ReplaceAsync(state.State with { Nodes = known.Insert(~index, node.NodeId) });
        }
    }

    public Task NodeLostAsync(AttachedNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        _nodes.Lose(node.NodeId, node.Session);
        return Task.CompletedTask;
    }

    public Task NodeLoadAsync(string nodeId, int tunnels)
    {
        _nodes.SetLoad(nodeId, tunnels);
        return Task.CompletedTask;
    }

    public async Task<PickedNode> PickNodeAsync(NodeChoice choice)
    {
        ArgumentNullException.ThrowIfNull(choice);
        var standing = TenantRules.Standing(state.State);
        if (standing != Reason.None)
        {
            return new PickedNode { Reason = standing };
        }

        await LearnNodesAsync();
        return _nodes.Pick(choice) is { } nodeId ? new PickedNode { NodeId = nodeId } : new PickedNode { Reason = Reason.NoNode };
    }

    public async Task<EnrolmentResult> EnrolAsync(EnrolmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var standing = TenantRules.Standing(state.State);
        if (standing != Reason.None)
        {
            return new EnrolmentResult { Reason = standing };
        }

        if (_enrolments >= options.MaxEnrolmentsPerTenant)
        {
            return new EnrolmentResult { Reason = Reason.Overloaded, Detail = "Too many enrolments of the tenant at a time." };
        }

        _enrolments++;
        try
        {
            await LearnNodesAsync();
            return await new EnrolmentRound(GrainFactory, _tenant, options).RunAsync(_nodes.ByLoad(), request);
        }
        finally
        {
            _enrolments--;
        }
    }

    public async Task<CutResult> CutAsync()
    {
        if (state.State.Root.IsEmpty)
        {
            return new CutResult { Reason = Reason.UnknownTenant };
        }

        await state.ReplaceAsync(state.State with { IsCut = true });
        Tell();
        return await CutSpreading.SpreadAsync(
            new CutEntry
            {
                TenantId = _tenant.Text,
                Reason = Reason.CutByAdmin,
                AtUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            },
            GrainFactory);
    }

    public async Task<CutResult> RestoreAsync()
    {
        if (state.State.Root.IsEmpty)
        {
            return new CutResult { Reason = Reason.UnknownTenant };
        }

        await state.ReplaceAsync(state.State with { IsCut = false });
        Tell();
        return new CutResult();
    }

    public Task<TenantStatus> GetStatusAsync() => Task.FromResult(new TenantStatus
    {
        IsRegistered = !state.State.Root.IsEmpty,
        IsCut = state.State.IsCut,
        Name = state.State.Name,
        Nodes = state.State.Nodes,
        AttachedNodes = _nodes.Attached,
    });

    /// <summary>Asks the edges for all nodes once; callers that interleave share the question.</summary>
    private Task LearnNodesAsync()
    {
        if (!_nodesKnown && _locating.IsCompleted)
        {
            _locating = LocateNodesAsync();
        }

        return _locating;
    }

    private async Task LocateNodesAsync()
    {
        var identities = state.State.Nodes.Select(node => new PeerIdentity(_tenant, PeerRole.Node, node).ToString()).ToArray();
        var isCertain = true;
        foreach (var chunk in identities.Chunk(1_000))
        {
            var found = await GrainFactory.GetGrain<IEdgeDirectoryGrain>(GrainKeys.Directory).LocateAsync([.. chunk]);
            isCertain &= found.EdgesAsked > 0 && found.EdgesAnswered == found.EdgesAsked;
            foreach (var peer in found.Found)
            {
                if (PeerIdentity.TryParse(peer.Identity, out var identity))
                {
                    _nodes.Attach(identity.Name, peer.Session);
                }
            }
        }

        _nodesKnown = isCertain;
    }

    private void Tell() => inventory.Tell(new TenantRow
    {
        At = time.GetUtcNow(),
        TenantId = _tenant.Text,
        Name = state.State.Name,
        IsCut = state.State.IsCut,
    });

    [LoggerMessage(3500, LogLevel.Warning, "The tenant has {Limit} nodes; a further one is not remembered")]
    private partial void LogTooManyNodes(int limit);
}
