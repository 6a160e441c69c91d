using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Protocol.Paths;

/// <summary>A <see cref="PathMachine"/> and a <see cref="PathValidator"/> on virtual time with a network between them that a test bends.</summary>
internal sealed class PathPair
{
    public const ulong PathId = 0xC0FFEE;
    public const int ProbeBytes = 1_444;

    public static readonly PathAddress Home = new(0xFFFF_C000_0201, 40_000);

    private readonly PathKeys _keys = new(new byte[PathKeys.SecretBytes]);
    private readonly PriorityQueue<(bool IsProbe, byte[] Bytes, PathAddress Address), (TimeSpan At, int Order)> _air = new();
    private ulong _tokens = 100;
    private int _sent;

    public PathPair(Func<double>? jitter = null)
    {
        Machine = new PathMachine(TimeSpan.Zero, jitter ?? (() => 0));
        Validator = new PathValidator(PathId, _keys, () => ++_tokens);
    }

    public PathMachine Machine { get; }

    public PathValidator Validator { get; }

    public TimeSpan Now { get; private set; }

    /// <summary>Where the peer's datagrams come from now, as the edge sees it.</summary>
    public PathAddress Address { get; set; } = Home;

    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether a datagram is lost; true for a probe.</summary>
    public Func<bool, bool> IsLost { get; set; } = _ => false;

    /// <summary>Whether data flows: asked at each look.</summary>
    public bool IsSending { get; set; }

    /// <summary>Whether the edge's data reaches the peer by UDP.</summary>
    public bool IsHearing { get; set; }

    public List<(TimeSpan At, PathChange Change)> Changes { get; } = [];

    public List<TimeSpan> Probes { get; } = [];

    public List<PathVerdict> Verdicts { get; } = [];

    public int Attempts { get; private set; }

    public void RunUntil(TimeSpan end)
    {
        while (true)
        {
            var due = Machine.IsAtRest && IsSending ? Now + PathLimits.LookInterval : Machine.Deadline;
            due = due < Now ? Now : due;
            if (_air.TryPeek(out _, out var next) && next.At <= due && next.At <= end)
            {
                Now = next.At;
                Arrive(_air.Dequeue());
            }
            else if (due <= end)
            {
                Now = due;
                Carry(Machine.OnTime(Now, IsHearing && Validator.Proven == Address, IsSending && Machine.State == PathState.Up));
                Validator.OnTime(Now);
            }
            else
            {
                Now = end;
                return;
            }
        }
    }

    public void Carry(PathEffect effect)
    {
        Attempts += effect.IsNewAttempt ? 1 : 0;
        if (effect.Change != PathChange.None)
        {
            Changes.Add((Now, effect.Change));
        }

        if (effect.Change == PathChange.Down)
        {
            Validator.OnLeft(Machine.Counter);
        }

        if (effect.HasProbe)
        {
            Probes.Add(Now);
            Send(isProbe: true, Probe(Machine.Counter, Machine.Token), Address);
        }
    }

    public byte[] Probe(ulong counter, ulong token, ulong pathId = PathId)
    {
        var bytes = new byte[ProbeBytes];
        new PathDatagram(PathDatagramType.Probe, ProbeBytes, pathId, counter, token).Write(bytes, _keys.Probe);
        return bytes;
    }

    /// <summary>Hands the edge a probe; what comes back is written to <paramref name="ack"/>.</summary>
    public PathVerdict Offer(byte[] probe, PathAddress from, out PathDatagram ack)
    {
        var bytes = new byte[probe.Length];
        var verdict = Validator.OnProbe(probe, from, Now, bytes);
        ack = default;
        if (verdict.Drop == DropReason.Unspecified && (!PathDatagram.TryRead(bytes, out ack) || !PathDatagram.IsAuthentic(bytes, _keys.Ack)))
        {
            throw new InvalidOperationException("The edge wrote an ack that is none.");
        }

        return verdict;
    }

    private void Arrive((bool IsProbe, byte[] Bytes, PathAddress Address) datagram)
    {
        if (datagram.IsProbe)
        {
            var verdict = Offer(datagram.Bytes, datagram.Address, out var ack);
            Verdicts.Add(verdict);
            if (verdict.Drop == DropReason.Unspecified)
            {
                var bytes = new byte[ack.Bytes];
                ack.Write(bytes, _keys.Ack);
                Send(isProbe: false, bytes, datagram.Address);
            }
        }
        else if (datagram.Address == Address && PathDatagram.TryRead(datagram.Bytes, out var ack))
        {
            Carry(Machine.OnAck(ack.Counter, ack.Token, Now));
        }
    }

    private void Send(bool isProbe, byte[] bytes, PathAddress address)
    {
        if (!IsLost(isProbe))
        {
            _air.Enqueue((isProbe, bytes, address), (Now + Latency, _sent++));
        }
    }
}
