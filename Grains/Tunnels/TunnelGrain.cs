using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Storage;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

/// <summary>
/// The tunnel of a device: feeds <see cref="TunnelRules"/> and does what it says. Interleaves, so every await may have changed the machine: the
/// event after it names its tunnel id and the rules judge. No timer: edges renew, idle and expire by themselves.
/// </summary>
[Reentrant]
public sealed partial class TunnelGrain(
    [PersistentState("tunnel")] IPersistentState<TunnelState> state,
    GrainOptions options,
    TimeProvider time,
    IInventory inventory,
    ILogger<TunnelGrain> logger) : Grain, ITunnelGrain
{
    private const int MaxReports = 8;

    private readonly TunnelLimits _limits = TunnelLimits.Of(options);
    private TunnelMemory _memory = new() { Stored = new TunnelState() };
    private Task<TunnelOpenResult>? _opening;
    private string _key = "";
    private TenantId _tenant;
    private string _device = "";

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = this.GetPrimaryKeyString();
        if (!GrainKeys.TryParsePeer(_key, out _tenant, out var device))
        {
            throw new ArgumentException($"'{_key}' is no key of a tunnel.");
        }

        _device = device;
        _memory = TunnelRules.Recall(state.State, _limits, time.GetUtcNow());
        return Task.CompletedTask;
    }

    public Task<TunnelOpenResult> OpenAsync(TunnelOpen open)
    {
        ArgumentNullException.ThrowIfNull(open);
        var step = TunnelRules.Open(_memory, open);
        if (step.IsNew)
        {
            Apply(step);
            _opening = OpenNewAsync(open, _memory.Stored.LastTunnelId);
            return _opening;
        }

        return step.Answer is { } answer ? Task.FromResult(answer) : _opening!;
    }

    public async Task<ImmutableArray<LeaseVerdict>> RenewAsync(LeaseReports reports)
    {
        Check(reports);
        var verdicts = ImmutableArray.CreateBuilder<LeaseVerdict>(reports.Leases.Length);
        var written = Task.CompletedTask;
        foreach (var report in reports.Leases)
        {
            var step = TunnelRules.Renew(_memory, reports.EdgeId, report, _limits, time.GetUtcNow());
            written = Apply(step);
            verdicts.Add(new LeaseVerdict
            {
                Reason = step.Verdict,
                LifetimeSeconds = step.Verdict == Reason.None ? _limits.LifetimeSeconds : 0,
            });
        }

        await written;
        return verdicts.MoveToImmutable();
    }

    public async Task EndedAsync(LeaseReports reports)
    {
        Check(reports);
        var written = Task.CompletedTask;
        foreach (var report in reports.Leases)
        {
            var step = TunnelRules.Ended(_memory, reports.EdgeId, report);
            if (step.Applied)
            {
                LogEnded(report.TunnelId, report.Reason);
                written = Apply(step);
            }
        }

        await written;
    }

    public async Task<bool> EndAsync(TunnelEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        var step = TunnelRules.End(_memory, end);
        if (step.Applied)
        {
            LogEnded(_memory.Stored.LastTunnelId, end.Reason);
            await Apply(step);
        }

        return step.Applied;
    }

    public Task<TunnelStatus> GetStatusAsync() => Task.FromResult(new TunnelStatus
    {
        Phase = _memory.Phase,
        TunnelId = _memory.Stored.LastTunnelId,
        NodeId = _memory.Stored.NodeId,
        BytesFromDevice = _memory.Usage.BytesFromDevice,
        BytesToDevice = _memory.Usage.BytesToDevice,
        EndReason = EndReason(),
    });

    private async Task<TunnelOpenResult> OpenNewAsync(TunnelOpen open, ulong tunnelId)
    {
        try
        {
            var opener = new TunnelOpener(this, open, tunnelId);
            return await opener.RunAsync();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A grain or storage failed. The device gets an answer and tries again; the state in storage is judged by the next activation.
            LogOpenFailed(fault);
            Apply(TunnelRules.Refused(_memory, tunnelId, Reason.InternalError, "The silo failed; see its log.")).Ignore();
            DeactivateOnIdle();
            return new TunnelOpenResult { Reason = Reason.InternalError, TunnelId = tunnelId };
        }
    }

    /// <summary>Takes the next state at once and starts its effects. The task is the write alone: edges and nodes are told without waiting.</summary>
    private Task Apply(TunnelStep step)
    {
        _memory = step.Next;
        var written = Task.CompletedTask;
        foreach (var effect in step.Effects)
        {
            if (effect is TunnelEffect.Store)
            {
                written = state.AdvanceAsync(_memory.Stored);
            }
            else
            {
                DoAsync(effect).Ignore();
            }
        }

        Tell();
        return written;
    }

    private async Task DoAsync(TunnelEffect effect)
    {
        try
        {
            switch (effect)
            {
                case TunnelEffect.EndLease end:
                    var answer = await GrainFactory.GetGrain<IEdgeGrain>(end.EdgeId).AskAsync(new EdgeQuestion
                    {
                        Body = ControlBodies.EndTunnel(GrainKeys.Lease(_key, end.TunnelId), end.Reason, end.Detail),
                        TimeoutMs = (int)options.CutTimeout.TotalMilliseconds,
                        IsUrgent = true,
                    });
                    LogEdgeTold(end.TunnelId, answer.Reason);
                    break;
                case TunnelEffect.ReleaseNode release:
                    await Node(release.NodeId).ReleaseTunnelAsync(_device, release.TunnelId);
                    break;
                case TunnelEffect.RecallNode recall:
                    var admitted = await Node(recall.NodeId).AdmitTunnelAsync(
                        new NodeAdmission { DeviceId = _device, TunnelId = recall.TunnelId, RecalledSession = recall.Session });
                    if (admitted.Reason != Reason.None)
                    {
                        await EndAsync(new TunnelEnd { Reason = Reason.NodeLost, TunnelId = recall.TunnelId });
                    }

                    break;
            }
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The lease of an edge that was not told expires by itself.
            LogEffectFailed(fault);
        }
    }

    private INodeGrain Node(string nodeId) => GrainFactory.GetGrain<INodeGrain>(GrainKeys.Node(_tenant, new NodeId(nodeId)));

    private Reason EndReason() =>
        _memory.Phase == TunnelPhase.Closed ? (Reason)_memory.Stored.EndReasonCode : Reason.None;

    private void Tell()
    {
        if (_memory.Stored.LastTunnelId > 0)
        {
            inventory.Tell(new TunnelRow
            {
                At = time.GetUtcNow(),
                TenantId = _tenant.Text,
                DeviceId = _device,
                TunnelId = _memory.Stored.LastTunnelId,
                Phase = _memory.Phase,
                NodeId = _memory.Stored.NodeId,
                FramesFromDevice = _memory.Usage.FramesFromDevice,
                BytesFromDevice = _memory.Usage.BytesFromDevice,
                FramesToDevice = _memory.Usage.FramesToDevice,
                BytesToDevice = _memory.Usage.BytesToDevice,
                Dropped = _memory.Usage.Dropped,
                DevicePath = _memory.Usage.DevicePath,
                NodePath = _memory.Usage.NodePath,
                EndReason = EndReason(),
            });
        }
    }

    private static void Check(LeaseReports reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reports.Leases.Length, MaxReports);
    }
}
