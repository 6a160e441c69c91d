using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Storage;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Edges;

/// <summary>
/// An edge: its links, the requests that wait for it, and how far it is in the cut ledger. Only its key and removal are stored; links and cuts are told
/// again by silos within a refresh.
/// </summary>
[Reentrant]
public sealed partial class EdgeGrain : Grain, IEdgeGrain
{
    private const int MaxCutsInAnswer = 64;

    private readonly IPersistentState<EdgeState> _stored;
    private readonly GrainOptions _options;
    private readonly TimeProvider _time;
    private readonly IInventory _inventory;
    private readonly ILogger _logger;
    private readonly EdgeLinks _links;
    private readonly EdgeRequests _requests;
    private ulong? _appliedCut;
    private ulong _wantedCut;
    private Task _pump = Task.CompletedTask;

    public EdgeGrain(
        [PersistentState("edge")] IPersistentState<EdgeState> state,
        GrainOptions options,
        TimeProvider time,
        IInventory inventory,
        ILogger<EdgeGrain> logger)
    {
        _stored = state;
        _options = options;
        _time = time;
        _inventory = inventory;
        _logger = logger;
        _links = new EdgeLinks(options.LinkExpiry);
        _requests = new EdgeRequests(_links, time);
    }

    private string EdgeId => this.GetPrimaryKeyString();

    private ICutLedgerGrain Ledger => GrainFactory.GetGrain<ICutLedgerGrain>(GrainKeys.Ledger);

    private IEdgeDirectoryGrain Directory => GrainFactory.GetGrain<IEdgeDirectoryGrain>(GrainKeys.Directory);

    public async Task<EdgeRegistered> RegisterAsync(EdgeRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        var state = _stored.State;
        if (state.KeySha256.Length > 0 && !state.IsRemoved && state.KeySha256 != registration.KeySha256)
        {
            return new EdgeRegistered { Reason = Reason.AlreadyRegistered };
        }

        await _stored.AdvanceAsync(new EdgeState { KeySha256 = registration.KeySha256 });
        Tell(new EdgeRow { At = _time.GetUtcNow(), EdgeId = EdgeId });
        return new EdgeRegistered();
    }

    public async Task<EdgeLinked> LinkAsync(EdgeLinkStart start, IEdgeLink link)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (IsRefused(start))
        {
            return new EdgeLinked { Reason = Reason.CertificateRevoked };
        }

        // Before the ledger is read, so that a cut between the two reaches the edge by one way or the other.
        await PutAsync(start, link);
        var page = await Ledger.ReadAfterAsync(start.LastCut, MaxCutsInAnswer);
        var reached = page.Resync ? page.Newest : page.Entries.Length > 0 ? page.Entries[^1].Sequence : start.LastCut;
        _appliedCut = reached;
        LogLinked(start.SiloId, page.Entries.Length, page.Resync);
        Want(page.Newest);
        return new EdgeLinked { Cuts = page.Entries, Resync = page.Resync, LastCut = reached };
    }

    public async Task<EdgeRegistered> RefreshAsync(EdgeLinkStart start, IEdgeLink link)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (IsRefused(start))
        {
            _links.Remove(start.LinkId);
            return new EdgeRegistered { Reason = Reason.CertificateRevoked };
        }

        if (_links.ProcessId is { } process && process != start.ProcessId && !_links.Knows(start.LinkId))
        {
            // A late refresh of a link to the process before.
            return new EdgeRegistered { Reason = Reason.Replaced };
        }

        await PutAsync(start, link);
        _appliedCut ??= start.LastCut;
        var page = await Ledger.ReadAfterAsync(_appliedCut.Value, 1);
        if (page.Resync)
        {
            // Only LinkStarted can say so: the silo ends the connection and the edge links again.
            _links.Remove(start.LinkId);
            _requests.Move(start.LinkId);
            return new EdgeRegistered { Reason = Reason.Detached };
        }

        Want(page.Newest);
        return new EdgeRegistered();
    }

    public async Task UnlinkAsync(string linkId)
    {
        if (!_links.Remove(linkId))
        {
            return;
        }

        _requests.Move(linkId);
        if (_links.Pick(_time.GetUtcNow()) is null)
        {
            Tell(new EdgeRow { At = _time.GetUtcNow(), EdgeId = EdgeId, ProcessId = _links.ProcessId ?? "" });
            await Directory.UnlinkedAsync(EdgeId);
        }
    }

    public Task<EdgeAnswer> AskAsync(EdgeQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return _requests.AskAsync(question);
    }

    public Task AnswerAsync(EdgeAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _requests.Answer(answer);
        return Task.CompletedTask;
    }

    public async Task<bool> ApplyCutsAsync(CutEntry newest, int timeoutMs)
    {
        ArgumentNullException.ThrowIfNull(newest);
        Want(newest.Sequence);
        try
        {
            await _pump.WaitAsync(TimeSpan.FromMilliseconds(timeoutMs), _time);
        }
        catch (TimeoutException)
        {
            return false;
        }

        return _appliedCut >= newest.Sequence;
    }

    public async Task RemoveAsync()
    {
        await _stored.AdvanceAsync(_stored.State with { IsRemoved = true });
        _links.Clear();
        await Directory.UnlinkedAsync(EdgeId);
        Tell(new EdgeRow { At = _time.GetUtcNow(), EdgeId = EdgeId, IsRemoved = true, SessionsGoneAt = _time.GetUtcNow() });
        LogRemoved();
    }

    public Task<EdgeStatus> GetStatusAsync() => Task.FromResult(new EdgeStatus
    {
        EdgeId = EdgeId,
        IsRemoved = _stored.State.IsRemoved,
        Silos = _links.Pick(_time.GetUtcNow()) is null ? [] : [.. _links.Silos],
        LastCut = _appliedCut ?? 0,
        Outstanding = _requests.Count,
    });

    /// <summary>An edge that joined again has another key: certificates of the key before are void.</summary>
    private bool IsRefused(EdgeLinkStart start) =>
        _stored.State.IsRemoved || (_stored.State.KeySha256.Length > 0 && _stored.State.KeySha256 != start.KeySha256);

    private async Task PutAsync(EdgeLinkStart start, IEdgeLink link)
    {
        var before = _links.ProcessId;
        var now = _time.GetUtcNow();
        foreach (var dead in _links.Put(start, link, now))
        {
            _requests.Move(dead);
        }

        if (before != start.ProcessId)
        {
            _appliedCut = null;
        }

        // At every refresh: a link of which the lists hear nothing any more is gone with its silo.
        Tell(new EdgeRow
        {
            At = now,
            EdgeId = EdgeId,
            IsLinked = true,
            Address = start.Address,
            ProcessId = start.ProcessId,
            SessionsGoneAt = before is not null && before != start.ProcessId ? now : null,
        });

        await Directory.LinkedAsync(EdgeId);
    }

    private void Want(ulong newest)
    {
        _wantedCut = Math.Max(_wantedCut, newest);
        if (_pump.IsCompleted && _appliedCut < _wantedCut)
        {
            _pump = PumpAsync();
        }
    }

    /// <summary>One cut at a time, so that the edge's last one says that all before it are applied. Stops at a failure; the next refresh goes on.</summary>
    private async Task PumpAsync()
    {
        try
        {
            while (_appliedCut is { } applied && applied < _wantedCut)
            {
                var page = await Ledger.ReadAfterAsync(applied, MaxCutsInAnswer);
                if (page.Entries.IsEmpty)
                {
                    return;
                }

                foreach (var entry in page.Entries)
                {
                    var answer = await _requests.AskAsync(new EdgeQuestion
                    {
                        Body = ControlBodies.Cut(entry),
                        TimeoutMs = (int)_options.CutTimeout.TotalMilliseconds,
                        IsUrgent = true,
                    });
                    if (answer.Reason != Reason.None)
                    {
                        LogCutUnacknowledged(entry.Sequence, answer.Reason);
                        return;
                    }

                    _appliedCut = Math.Max(_appliedCut ?? 0, entry.Sequence);
                }
            }
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The ledger could not be read. The next refresh tries again.
            LogPumpFailed(fault);
        }
    }

    private void Tell(EdgeRow row) => _inventory.Tell(row);
}
