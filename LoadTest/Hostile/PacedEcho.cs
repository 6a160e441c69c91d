using System.Buffers.Binary;
using System.Diagnostics;
using OrleansUem.Agent.Tun;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>A steady stream of packets through one tunnel to a network that sends each back, with their round trips.</summary>
internal sealed class PacedEcho : IDisposable
{
    private const int NumberOffset = 28; // after the headers of IPv4 and UDP
    private const int PayloadBytes = 172; // 200 bytes in all
    private const int Remembered = 1 << 16;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);
    private static readonly Ipv4Address Target = Ipv4Address.Parse("10.1.0.10");

    private readonly MemoryTunDevice _app;
    private readonly byte[] _packet;
    private readonly int _perSecond;
    private readonly long[] _sentAt = new long[Remembered];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _reader;
    private readonly Task _sending;
    private long _sent;
    private long _echoed;
    private long _worstTicks;

    public PacedEcho(SimulatedDevice device, TunnelConfiguration configuration, int perSecond)
    {
        _app = device.App;
        _packet = SimulatedDevice.BuildPacket(configuration.Address, Target, PayloadBytes);
        _perSecond = perSecond;
        _reader = new Thread(Read) { IsBackground = true, Name = "echoes" };
        _reader.Start();
        _sending = Task.Run(SendAsync);
    }

    /// <summary>Everything that was sent has come back.</summary>
    public bool IsComplete => Interlocked.Read(ref _echoed) >= Interlocked.Read(ref _sent);

    public TrafficFigures Read(bool resetsWorst) => new(
        Stopwatch.GetElapsedTime(_startedAt).TotalSeconds,
        Interlocked.Read(ref _sent),
        Interlocked.Read(ref _echoed),
        Stopwatch.GetElapsedTime(0, resetsWorst ? Interlocked.Exchange(ref _worstTicks, 0) : Interlocked.Read(ref _worstTicks)).TotalMilliseconds);

    /// <summary>Sends no more; echoes are still counted.</summary>
    public async Task StopSendingAsync()
    {
        await _stop.CancelAsync();
        await _sending;
    }

    public void Dispose()
    {
        _app.Stop();
        _reader.Join();
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var due = (long)(Stopwatch.GetElapsedTime(_startedAt).TotalSeconds * _perSecond);
                while (_sent < due)
                {
                    var number = _sent;
                    BinaryPrimitives.WriteInt64BigEndian(_packet.AsSpan(NumberOffset), number);
                    Volatile.Write(ref _sentAt[number % Remembered], Stopwatch.GetTimestamp());
                    _ = _app.TryWrite(_packet);
                    Interlocked.Increment(ref _sent);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: enough.
        }
    }

    private void Read()
    {
        var packet = new byte[_app.MtuBytes];
        for (int bytes; (bytes = _app.Read(packet)) > 0;)
        {
            if (bytes == _packet.Length)
            {
                var number = BinaryPrimitives.ReadInt64BigEndian(packet.AsSpan(NumberOffset));
                var took = Stopwatch.GetTimestamp() - Volatile.Read(ref _sentAt[number % Remembered]);
                if (took > Interlocked.Read(ref _worstTicks))
                {
                    Interlocked.Exchange(ref _worstTicks, took);
                }

                Interlocked.Increment(ref _echoed);
            }
        }
    }
}
