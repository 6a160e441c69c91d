using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// The UDP path of one session: <see cref="PathValidator"/> under a lock, with its addresses in the <see cref="PathTable"/>. What it proves it tells the data path by <see cref="DataPath"/>.
/// </summary>
internal sealed class SessionPath
{
    private readonly PathTable _table;
    // Its monitor guards all.
    private readonly PathValidator _validator;
    private bool _isEnded;

    /// <param name="table">Where its addresses go.</param>
    /// <param name="session">The session.</param>
    /// <param name="id">Its path id.</param>
    /// <param name="secret">The secret of ATTACHED; not kept.</param>
    public SessionPath(PathTable table, EdgeSession session, ulong id, ReadOnlySpan<byte> secret)
    {
        _table = table;
        Session = session;
        Id = id;
        _validator = new PathValidator(id, new PathKeys(secret), PathTable.NewRandom);
    }

    public ulong Id { get; }

    public EdgeSession Session { get; }

    /// <summary>Where the session's datagrams go over UDP; null: they go over TCP.</summary>
    public PathTarget? Target => Session.DataPath.Target;

    /// <summary>A probe with this path's id.</summary>
    /// <param name="probe">The whole datagram.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="own">The own address that it was sent to.</param>
    /// <param name="listener">Where it arrived.</param>
    /// <param name="now">The time.</param>
    /// <param name="ack">Gets the ack when the result is Unspecified.</param>
    /// <returns>Why it is dropped, or Unspecified.</returns>
    public DropReason OnProbe(
        ReadOnlySpan<byte> probe, in PathAddress from, in PathAddress own, UdpListener listener, TimeSpan now, Span<byte> ack)
    {
        bool isChanged;
        lock (_validator)
        {
            if (_isEnded)
            {
                return DropReason.UnknownPath;
            }

            var verdict = _validator.OnProbe(probe, from, now, ack);
            if (verdict.Drop != DropReason.Unspecified)
            {
                return verdict.Drop;
            }

            if (verdict.Left is { } left)
            {
                _table.Leave(left, this);
            }

            if (verdict.Entered is { } entered)
            {
                _table.Enter(entered, this);
            }

            if (verdict.IsMoved)
            {
                _table.Prove(from, this);
            }

            isChanged = verdict.IsMoved;
            if (verdict.IsMoved || (Target is { } target && target.DatagramBytes != _validator.DatagramBytes))
            {
                Session.DataPath.Target = new PathTarget(listener, from, listener.TellsOwnAddress ? own : null, _validator.DatagramBytes);
            }
        }

        if (isChanged)
        {
            Session.OnPathChanged();
        }

        return DropReason.Unspecified;
    }

    /// <summary>PATHLEFT: the peer uses UDP no more.</summary>
    public void OnLeft(ulong counter)
    {
        var wasUsed = false;
        lock (_validator)
        {
            wasUsed = Target is not null;
            ClearLocked();
            _validator.OnLeft(counter);
        }

        if (wasUsed)
        {
            Session.OnPathChanged();
        }
    }

    /// <summary>Looks whether the path is still proven.</summary>
    public void OnTime(TimeSpan now)
    {
        var isOver = false;
        lock (_validator)
        {
            var (proven, candidate) = (_validator.Proven, _validator.Candidate);
            if (_validator.OnTime(now))
            {
                isOver = Target is not null;
                ClearLocked(proven, candidate);
            }
        }

        if (isOver)
        {
            Session.OnPathChanged();
        }
    }

    /// <summary>The session is over: nothing is taken from or sent to its addresses any more.</summary>
    public void End()
    {
        lock (_validator)
        {
            _isEnded = true;
            ClearLocked();
        }
    }

    private void ClearLocked() => ClearLocked(_validator.Proven, _validator.Candidate);

    private void ClearLocked(PathAddress? proven, PathAddress? candidate)
    {
        Session.DataPath.Target = null;
        if (proven is { } first)
        {
            _table.Leave(first, this);
        }

        if (candidate is { } second)
        {
            _table.Leave(second, this);
        }
    }
}
