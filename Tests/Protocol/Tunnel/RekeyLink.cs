using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Tests.Protocol.Tunnel;

/// <summary>
/// Two ends with the effects of their machines carried out on a model of the keys: sets of epochs instead of ciphers, a handshake of four messages instead of DTLS. The link loses, delays and reorders.
/// </summary>
internal sealed class RekeyLink
{
    private const int FlightMax = 120;

    private readonly Random _random;
    private readonly double _loss;
    private readonly PriorityQueue<(End To, int KeyOf, byte[] Content), (long, long)> _air = new();
    private long _order;
    private long _now;

    public RekeyLink(int seed, double loss)
    {
        _random = new Random(seed);
        _loss = loss;
        Device = new End(TunnelRole.Device);
        Node = new End(TunnelRole.Node);
    }

    public End Device { get; }

    public End Node { get; }

    /// <summary>The first record that could not be opened though it came in time.</summary>
    public string? Fault { get; private set; }

    public void Run(int steps)
    {
        for (var step = 0; step < steps && Fault is null; step++)
        {
            _now += _random.Next(1, 20);
            if (_random.Next(200) == 0 && _now - Device.ConfirmedAt > FlightMax)
            {
                // Keys that are worn have carried more records than were ever under way.
                Device.Machine.Rekey.Due(_now);
            }

            foreach (var end in new[] { Device, Node })
            {
                // Traffic: a record that carries nothing of interest.
                Seal(end, [0x45]);
                end.Machine.OnDeadline(_now, default);
                end.RepeatFlight(_now);
                Apply(end);
            }

            while (_air.TryPeek(out var next, out var arrival) && arrival.Item1 <= _now)
            {
                _air.Dequeue();
                Open(next.To, next.KeyOf, next.Content);
            }
        }
    }

    private void Seal(End from, byte[] content)
    {
        var to = from == Device ? Node : Device;
        if (_random.NextDouble() >= _loss)
        {
            _air.Enqueue((to, from.SealKey, content), (_now + _random.Next(5, FlightMax), _order++));
        }
    }

    private void Open(End end, int key, byte[] content)
    {
        if (!end.OpenKeys.Contains(key))
        {
            Fault = $"{end.Machine.Role} in epoch {end.Machine.Rekey.Epoch} got a record under key {key}, it opens {string.Join(',', end.OpenKeys)}";
            return;
        }

        if (key == end.NextKey && end.UnconfirmedKey == key)
        {
            end.UnconfirmedKey = 0;
            end.ConfirmedAt = _now;
            end.Machine.Rekey.Confirmed(_now);
        }

        end.Machine.Receive(content, _now);
        Apply(end);
    }

    private void Apply(End end)
    {
        while (end.Machine.TryTakeEffect(out var effect))
        {
            switch (effect.Kind)
            {
                case TunnelEffectKind.Send:
                    Seal(end, effect.Plaintext.ToArray());
                    break;
                case TunnelEffectKind.BeginKeys:
                    end.BeginHandshake(_now, _random.Next(1, int.MaxValue));
                    break;
                case TunnelEffectKind.KeysDatagram:
                    end.ReceiveFlight(effect.Plaintext.Span, _now);
                    break;
                case TunnelEffectKind.AbandonKeys:
                    end.Abandon();
                    break;
                case TunnelEffectKind.SwitchKeys:
                    end.SealKey = end.NextKey;
                    break;
                case TunnelEffectKind.RetireKeys:
                    end.OpenKeys.RemoveAll(key => key != end.SealKey);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>One end and its model of DTLS: the device asks with its random number (flight 1), the node answers with its own (2), the device finishes (3), the node finishes (4). The key is the sum of both numbers.</summary>
    internal sealed class End(TunnelRole role)
    {
        private int _own;
        private int _stage;
        private byte[] _flight = [];
        private long _repeatAt = long.MaxValue;

        public TunnelMachine Machine { get; } = RekeyMachineTests.Up(role);

        public int SealKey { get; set; } = 1;

        public int NextKey { get; private set; }

        public int UnconfirmedKey { get; set; }

        public long ConfirmedAt { get; set; }

        public List<int> OpenKeys { get; } = [1];

        public void BeginHandshake(long now, int random)
        {
            Abandon();
            _own = random;
            _stage = 0;
            if (role == TunnelRole.Device)
            {
                Emit(1, now);
            }
        }

        public void Abandon()
        {
            if (UnconfirmedKey != 0 && UnconfirmedKey != SealKey)
            {
                OpenKeys.Remove(UnconfirmedKey);
            }

            UnconfirmedKey = 0;
            _repeatAt = long.MaxValue;
        }

        public void ReceiveFlight(ReadOnlySpan<byte> flight, long now)
        {
            var (stage, theirs) = (flight[0], BitConverter.ToInt32(flight[1..]));
            if (role == TunnelRole.Node && stage == 1 && _stage == 0)
            {
                Emit(2, now);
            }
            else if (role == TunnelRole.Device && stage == 2 && _stage == 1)
            {
                Emit(3, now);
                _stage = 3;
            }
            else if (role == TunnelRole.Node && stage == 3)
            {
                if (_stage == 2)
                {
                    Finish(theirs, now);
                }

                Emit(4, now);
                _repeatAt = long.MaxValue;
            }
            else if (role == TunnelRole.Device && stage == 4 && _stage == 3)
            {
                _stage = 4;
                _repeatAt = long.MaxValue;
                Finish(theirs, now);
            }
        }

        public void RepeatFlight(long now)
        {
            if (now >= _repeatAt)
            {
                _repeatAt = now + 250;
                Machine.Rekey.Send(_flight);
            }
        }

        private void Finish(int theirs, long now)
        {
            NextKey = unchecked(_own + theirs);
            UnconfirmedKey = NextKey;
            OpenKeys.Add(NextKey);
            Machine.Rekey.Secured(now);
        }

        private void Emit(byte stage, long now)
        {
            _stage = stage;
            _flight = [stage, .. BitConverter.GetBytes(_own)];
            _repeatAt = now + 250;
            Machine.Rekey.Send(_flight);
        }
    }
}
