using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Tun;
using OrleansUem.Device;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>The product's device agent over a network in memory: the same wire bytes, certificates and tunnels as a device's.</summary>
internal sealed class SimulatedDevice : IAsyncDisposable
{
    /// <summary>Where the payload of <see cref="BuildPacket"/> begins.</summary>
    public const int PayloadOffset = Ipv4HeaderBytes + UdpHeaderBytes;

    private const int Ipv4HeaderBytes = 20;
    private const int UdpHeaderBytes = 8;
    private const byte Udp = 17;
    private readonly MemoryDeviceNetwork _network;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<TunnelConfiguration> _configured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _startedAt;
    private readonly Task _running;
    private long _upAt;
    private int _ups;

    public SimulatedDevice(string stateDirectory, bool usesUdp = true)
    {
        _network = new MemoryDeviceNetwork(TunnelLimits.MtuBytesDefault, configuration =>
        {
            if (_configured.TrySetResult(configuration))
            {
                Volatile.Write(ref _upAt, Stopwatch.GetTimestamp());
            }
        });
        _startedAt = Stopwatch.GetTimestamp();
        _running = DeviceHost.RunAsync(
            new DeviceOptions { StateDirectory = stateDirectory, Software = "uem-load/1", UsesUdp = usesUdp },
            NullLoggerFactory.Instance,
            TimeProvider.System,
            CountUps,
            new DeviceRole { Mode = "up", OpenNetwork = (_, _) => _network },
            _stop.Token);
    }

    /// <summary>From the start of the agent to the tunnel's configuration: TLS, attach, open, DTLS, configure.</summary>
    public TimeSpan SetUpTime => Stopwatch.GetElapsedTime(_startedAt, Volatile.Read(ref _upAt));

    /// <summary>How often a tunnel came up.</summary>
    public int Ups => Volatile.Read(ref _ups);

    /// <summary>The agent's life; fails with <see cref="DeviceFatalException"/> when the device can't go on, having been cut off for example.</summary>
    public Task Running => _running;

    /// <summary>Where apps of the device write and read.</summary>
    public MemoryTunDevice App => _network.App;

    /// <summary>Waits until the tunnel is up.</summary>
    /// <exception cref="InvalidOperationException">The agent ended before.</exception>
    public async Task<TunnelConfiguration> WaitUpAsync(CancellationToken cancellationToken)
    {
        var first = await Task.WhenAny(_configured.Task, _running).WaitAsync(cancellationToken);
        if (first == _running)
        {
            await _running;
            throw new InvalidOperationException("The simulated device ended before its tunnel was up.");
        }

        return await _configured.Task;
    }

    /// <summary>Sends packets one after another, each after the echo of the one before, and gives each round trip to the histogram.</summary>
    /// <returns>Echoes that came.</returns>
    public int PingPong(TunnelConfiguration configuration, Ipv4Address to, int count, int payloadBytes, List<double> milliseconds)
    {
        var packet = BuildPacket(configuration.Address, to, payloadBytes);
        var answer = new byte[TunnelLimits.MtuBytesDefault];
        var echoes = 0;
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(PayloadOffset), i);
            var sentAt = Stopwatch.GetTimestamp();
            if (!_network.App.TryWrite(packet))
            {
                continue;
            }

            if (_network.App.Read(answer) == packet.Length)
            {
                milliseconds.Add(Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds);
                echoes++;
            }
        }

        return echoes;
    }

    /// <summary>Ends reads that wait for an echo.</summary>
    public void StopReading() => _network.App.Stop();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _network.App.Stop();
        try
        {
            await _running;
        }
        catch (DeviceFatalException)
        {
            // Whoever cut it off has read it from Running.
        }

        _stop.Dispose();
        _network.Dispose();
    }

    private void CountUps(DeviceStatus status)
    {
        if (status.Kind == DeviceStatusKind.Up)
        {
            Interlocked.Increment(ref _ups);
        }
    }

    /// <summary>A UDP packet from port 7 to port 7 with a payload of zeros.</summary>
    public static byte[] BuildPacket(Ipv4Address from, Ipv4Address to, int payloadBytes)
    {
        var packet = new byte[Ipv4HeaderBytes + UdpHeaderBytes + payloadBytes];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[8] = 64;
        packet[9] = Udp;
        from.Write(packet.AsSpan(12));
        to.Write(packet.AsSpan(16));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Compute(packet.AsSpan(0, Ipv4HeaderBytes)));

        // Ports 7 to 7 (echo, RFC 862); a checksum of 0 means none (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 7);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 7);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), (ushort)(UdpHeaderBytes + payloadBytes));
        return packet;
    }
}
