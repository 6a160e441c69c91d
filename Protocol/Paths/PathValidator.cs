using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Paths;

/// <summary>
/// The edge's side of a session's UDP path: which address is the peer's. Sans-IO: time is an argument, random numbers come from a function. Not for concurrent use: the
/// owner serialises calls.
/// <para>
/// A probe with a right MAC and a higher counter makes the address that it came from a candidate, from which frames are accepted; its ack carries a token drawn for that address. A probe
/// from there that brings the token back proves that the peer also receives there, and only then does the edge send data there (RFC 9000 §8.2): otherwise a device could point its
/// downloads at somebody else by a forged source address. A proven address stays until another one is proven, the peer leaves, or nothing proves it any more
/// (<see cref="PathLimits.FreshFor"/>).
/// </para>
/// <code>
///   probe from           token of it        counter, MAC good
///   proven address       any                ack; fresh again
///   candidate            the candidate's    ack; the candidate is proven, the address before it leaves
///   candidate            other              ack
///   another address      any                ack with a new token; a new candidate, the one before it leaves
/// </code>
/// </summary>
public sealed class PathValidator
{
    private readonly ulong _pathId;
    private readonly PathKeys _keys;
    private readonly Func<ulong> _newToken;
    private ulong _lastCounter;
    private ulong _provenToken;
    private ulong _candidateToken;
    private TimeSpan _provenAt;

    /// <summary>Begins without an address.</summary>
    /// <param name="pathId">The id handed out in ATTACHED.</param>
    /// <param name="keys">The keys of the secret handed out.</param>
    /// <param name="newToken">64 random bits that the peer can't guess.</param>
    public PathValidator(ulong pathId, PathKeys keys, Func<ulong> newToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(newToken);
        _pathId = pathId;
        _keys = keys;
        _newToken = newToken;
    }

    /// <summary>Where the peer sends from and receives; null: data goes over TCP.</summary>
    public PathAddress? Proven { get; private set; }

    /// <summary>Where the peer sends from, and may receive.</summary>
    public PathAddress? Candidate { get; private set; }

    /// <summary>The largest datagram that the path to <see cref="Proven"/> has carried.</summary>
    public int DatagramBytes { get; private set; }

    /// <summary>Takes a probe.</summary>
    /// <param name="datagram">The whole datagram; any bytes.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="now">The time.</param>
    /// <param name="ack">At least as long as the datagram; the ack, of the same length, when the verdict is no drop.</param>
    /// <returns>What came of it.</returns>
    public PathVerdict OnProbe(ReadOnlySpan<byte> datagram, PathAddress from, TimeSpan now, Span<byte> ack)
    {
        if (!PathDatagram.TryRead(datagram, out var probe) || probe.Type != PathDatagramType.Probe)
        {
            return new PathVerdict(DropReason.MalformedDatagram);
        }

        if (probe.PathId != _pathId)
        {
            return new PathVerdict(DropReason.UnknownPath);
        }

        // The counter first: a replay costs no MAC.
        if (probe.Counter <= _lastCounter)
        {
            return new PathVerdict(DropReason.ReplayedProbe);
        }

        if (!PathDatagram.IsAuthentic(datagram, _keys.Probe))
        {
            return new PathVerdict(DropReason.ForgedProbe);
        }

        _lastCounter = probe.Counter;
        var verdict = Place(probe, from, now, out var token);
        (probe with { Type = PathDatagramType.Ack, Token = token }).Write(ack, _keys.Ack);
        return verdict;
    }

    /// <summary>PATHLEFT came over TCP: the peer uses UDP no more. Probes that it sent before and that are still under way count as replays.</summary>
    /// <param name="counter">The counter of the peer's last probe.</param>
    public void OnLeft(ulong counter)
    {
        _lastCounter = Math.Max(_lastCounter, counter);
        Forget();
    }

    /// <summary>Time passed.</summary>
    /// <param name="now">The time.</param>
    /// <returns>True when the path was given up now, since nothing proved it for <see cref="PathLimits.FreshFor"/>.</returns>
    public bool OnTime(TimeSpan now)
    {
        if ((Proven ?? Candidate) is null || now - _provenAt < PathLimits.FreshFor)
        {
            return false;
        }

        Forget();
        return true;
    }

    private PathVerdict Place(in PathDatagram probe, PathAddress from, TimeSpan now, out ulong token)
    {
        _provenAt = now;
        if (from == Proven)
        {
            token = _provenToken;
            DatagramBytes = probe.Bytes;
            return default;
        }

        if (from != Candidate)
        {
            var before = Candidate;
            Candidate = from;
            token = _candidateToken = _newToken();
            return new PathVerdict(Entered: from, Left: before);
        }

        token = _candidateToken;
        if (probe.Token != _candidateToken)
        {
            return default;
        }

        var left = Proven;
        (Proven, Candidate, _provenToken, DatagramBytes) = (from, null, _candidateToken, probe.Bytes);
        return new PathVerdict(Left: left, IsMoved: true);
    }

    private void Forget()
    {
        Proven = null;
        Candidate = null;
        DatagramBytes = 0;
    }
}
