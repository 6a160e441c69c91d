using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Cuts;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Storage;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Sessions;

/// <summary>
/// The part that a device grain and a node grain share: generations, presence, cuts. Belongs to one activation. Presence is a cache in memory: after
/// an activation it is unknown until an edge says something of the peer.
/// </summary>
internal sealed partial class PeerAttachment(
    IPersistentState<AttachState> state, GrainOptions options, TimeProvider time, IInventory inventory, ILogger logger)
{
    private AttachFacts? _facts;
    private PeerIdentity _identity;

    internal AttachState State => state.State;

    /// <summary>The live session; null when absent or unknown.</summary>
    internal SessionKey? Live { get; private set; }

    internal bool IsKnown { get; private set; }

    internal PeerIdentity Identity => _identity;

    internal void Bind(string key, PeerRole role)
    {
        if (!GrainKeys.TryParsePeer(key, out var tenant, out var name))
        {
            throw new ArgumentException($"'{key}' is no key of a {role}.", nameof(key));
        }

        _identity = new PeerIdentity(tenant, role, name);
    }

    /// <summary>Judges and stores; ends the replaced session when it is on another edge.</summary>
    internal async Task<AttachDecision> AttachAsync(AttachFacts facts, IGrainFactory grains)
    {
        var decision = AttachRules.Attach(State, facts);
        if (decision.Reason != Reason.None)
        {
            LogRefused(decision.Reason);
            return decision;
        }

        if (!ReferenceEquals(decision.Next, State))
        {
            await state.ReplaceAsync(decision.Next);
        }

        Live = facts.Session;
        IsKnown = true;
        _facts = facts;
        if (decision.Replaced is { } old && old.EdgeId != facts.Session.EdgeId)
        {
            EndElsewhereAsync(old, grains).Ignore();
        }

        Tell(Reason.None);
        return decision;
    }

    internal static AttachResult Answer(AttachDecision decision, AttachFacts facts) => new()
    {
        Reason = decision.Reason,
        LastGeneration = decision.Next.Last?.Generation ?? 0,
        Replaced = decision.Replaced is { } old && old.EdgeId == facts.Session.EdgeId ? old : null,
    };

    /// <summary>True when the session was the one that counts and is over.</summary>
    internal bool Detach(SessionLoss loss)
    {
        if (loss.Session != State.Last || (IsKnown && Live is null))
        {
            return false;
        }

        Live = null;
        IsKnown = true;
        Tell(loss.Reason);
        return true;
    }

    /// <summary>An edge speaks for the session: it is there. Its word does not bring back a session that a cut ended before this activation.</summary>
    internal bool Confirm(SessionKey session)
    {
        if (session != State.Last || AttachRules.IsCutOff(State) || (IsKnown && Live is null))
        {
            return false;
        }

        Live = session;
        IsKnown = true;
        return true;
    }

    /// <summary>An edge does not know the session: nothing is known until edges are asked.</summary>
    internal void Doubt(SessionKey session)
    {
        if (session == Live)
        {
            Live = null;
            IsKnown = false;
        }
    }

    internal async Task<PeerPresence> FindAsync(IGrainFactory grains)
    {
        if (IsKnown || State.Last is null)
        {
            return new PeerPresence { Session = Live, IsCertain = true };
        }

        var found = await grains.GetGrain<IEdgeDirectoryGrain>(GrainKeys.Directory).LocateAsync([_identity.ToString()]);
        foreach (var peer in found.Found)
        {
            // A session that is not the newest one accepted is being fenced and does not count.
            if (Confirm(peer.Session))
            {
                return new PeerPresence { Session = Live, IsCertain = true };
            }
        }

        IsKnown = found.EdgesAsked > 0 && found.EdgesAnswered == found.EdgesAsked;
        return new PeerPresence { Session = Live, IsCertain = IsKnown };
    }

    /// <summary>Stores the cut, then tells all edges. The flag says whether the last session ends by it.</summary>
    internal async Task<(CutResult Result, bool EndsSession)> CutAsync(PeerCut cut, IGrainFactory grains)
    {
        var decision = AttachRules.Cut(State, cut);
        if (decision.Reason != Reason.None)
        {
            return (new CutResult { Reason = decision.Reason, Detail = decision.Detail }, false);
        }

        if (!ReferenceEquals(decision.Next, State))
        {
            await state.ReplaceAsync(decision.Next);
        }

        LogCut(cut.Kind);
        if (decision.EndsSession)
        {
            Live = null;
            IsKnown = true;
        }

        Tell(decision.EndsSession ? Reason.CutByAdmin : Reason.None);
        if (!decision.NeedsCut)
        {
            return (new CutResult(), false);
        }

        var isNode = _identity.Role == PeerRole.Node;
        var entry = new CutEntry
        {
            TenantId = _identity.Root.Text,
            DeviceId = isNode ? "" : _identity.Name,
            NodeId = isNode ? _identity.Name : "",
            CertificateSha256 = cut.Kind == PeerCutKind.RevokeCertificate ? cut.CertificateSha256 : "",
            GenerationThrough = decision.GenerationThrough,
            Reason = cut.Kind == PeerCutKind.EndSession ? Reason.CutByAdmin : Reason.CertificateRevoked,
            AtUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        return (await CutSpreading.SpreadAsync(entry, grains), decision.EndsSession);
    }

    internal PeerStatus Status(int tunnels) => new()
    {
        LastGeneration = State.Last?.Generation ?? 0,
        CertificateSha256 = State.CertificateSha256,
        IsBlocked = State.IsBlocked,
        Session = Live,
        TunnelCount = tunnels,
    };

    private async Task EndElsewhereAsync(SessionKey old, IGrainFactory grains)
    {
        var isNode = _identity.Role == PeerRole.Node;
        var entry = new CutEntry
        {
            TenantId = _identity.Root.Text,
            DeviceId = isNode ? "" : _identity.Name,
            NodeId = isNode ? _identity.Name : "",
            GenerationThrough = old.Generation,
            Reason = Reason.Replaced,
        };
        try
        {
            var answer = await grains.GetGrain<IEdgeGrain>(old.EdgeId).AskAsync(new EdgeQuestion
            {
                Body = ControlBodies.Cut(entry),
                TimeoutMs = (int)options.CutTimeout.TotalMilliseconds,
                IsUrgent = true,
            });
            LogEndedElsewhere(answer.Reason);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The edge fences the older generation by itself when it hears of the newer; this was only to be quick.
            LogEndElsewhereFailed(fault);
        }
    }

    private void Tell(Reason lastEnd) => inventory.Tell(new PeerRow
    {
        At = time.GetUtcNow(),
        Role = _identity.Role,
        TenantId = _identity.Root.Text,
        Name = _identity.Name,
        Generation = State.Last?.Generation ?? 0,
        Session = Live,
        LastEnd = lastEnd,
        IsBlocked = State.IsBlocked,
        CertificateSha256 = State.CertificateSha256,
        Facts = _facts,
    });
}
