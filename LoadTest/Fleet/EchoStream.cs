using System.Buffers.Binary;
using System.Diagnostics;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>
/// Numbered echo requests of one device. They are sent whether or not earlier ones came back, so a packet that is lost stays missing. Reads on a thread
/// of its own, until the device stops reading.
/// </summary>
internal sealed class EchoStream
{
    private const int PayloadBytes = 200;
    private static readonly Ipv4Address Target = Ipv4Address.Parse("10.1.0.10");

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _sentAt = [];
    private readonly List<(Func<bool> Holds, TaskCompletionSource Reached)> _waits = [];
    private readonly SimulatedDevice _device;
    private readonly byte[] _packet;
    private readonly Thread _reader;
    private int _sent;
    private int _received;
    private TimeSpan _longest;

    public EchoStream(SimulatedDevice device, TunnelConfiguration configuration)
    {
        _device = device;
        _packet = SimulatedDevice.BuildPacket(configuration.Address, Target, PayloadBytes);
        _reader = new Thread(Read) { IsBackground = true, Name = "echoes" };
        _reader.Start();
    }

    public int Sent
    {
        get
        {
            lock (_gate)
            {
                return _sent;
            }
        }
    }

    /// <summary>Sent and not come back, at this moment.</summary>
    public int Missing
    {
        get
        {
            lock (_gate)
            {
                return _sentAt.Count;
            }
        }
    }

    /// <summary>The longest round trip so far.</summary>
    public TimeSpan Longest
    {
        get
        {
            lock (_gate)
            {
                return _longest;
            }
        }
    }

    /// <summary>Sends the next request. One that the device's full queue does not take is lost like any other. One caller at a time.</summary>
    public void Send()
    {
        lock (_gate)
        {
            _sentAt.Add(_sent, Stopwatch.GetTimestamp());
            BinaryPrimitives.WriteInt32BigEndian(_packet.AsSpan(SimulatedDevice.PayloadOffset), _sent);
            _sent++;
        }

        _ = _device.App.TryWrite(_packet);
    }

    /// <summary>Ends when so many echoes more have come.</summary>
    public Task ReceiveAsync(int more)
    {
        lock (_gate)
        {
            var goal = _received + more;
            return WaitUntil(() => _received >= goal);
        }
    }

    /// <summary>Ends when nothing that was sent is missing.</summary>
    public Task SettleAsync()
    {
        lock (_gate)
        {
            return WaitUntil(() => _sentAt.Count == 0);
        }
    }

    /// <summary>Waits for the reader; the device must have stopped reading.</summary>
    public void Join() => _reader.Join();

    private Task WaitUntil(Func<bool> holds)
    {
        if (holds())
        {
            return Task.CompletedTask;
        }

        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waits.Add((holds, reached));
        return reached.Task;
    }

    private void Read()
    {
        var packet = new byte[TunnelLimits.MtuBytesDefault];
        for (int bytes; (bytes = _device.App.Read(packet)) > 0;)
        {
            if (bytes == _packet.Length)
            {
                Take(BinaryPrimitives.ReadInt32BigEndian(packet.AsSpan(SimulatedDevice.PayloadOffset)));
            }
        }
    }

    private void Take(int number)
    {
        lock (_gate)
        {
            if (!_sentAt.Remove(number, out var sentAt))
            {
                return;
            }

            _received++;
            var roundTrip = Stopwatch.GetElapsedTime(sentAt);
            _longest = roundTrip > _longest ? roundTrip : _longest;
            for (var i = _waits.Count - 1; i >= 0; i--)
            {
                if (_waits[i].Holds())
                {
                    _waits[i].Reached.TrySetResult();
                    _waits.RemoveAt(i);
                }
            }
        }
    }
}
