namespace OrleansUem.LoadTest.Fleet;

/// <summary>A steady stream of echo requests from every device of a fleet.</summary>
internal sealed class FleetTraffic : IAsyncDisposable
{
    // The devices of a round are spread over its time: a tenth of them each tenth.
    private const int Phases = 10;

    private readonly IReadOnlyList<SimulatedDevice> _devices;
    private readonly EchoStream[] _streams;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;

    private FleetTraffic(IReadOnlyList<SimulatedDevice> devices, EchoStream[] streams, TimeSpan interval)
    {
        _devices = devices;
        _streams = streams;
        _sending = SendAsync(interval / Phases);
    }

    /// <summary>Starts to send.</summary>
    /// <param name="devices">Devices whose tunnels are up.</param>
    /// <param name="interval">Between two packets of a device.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    public static async Task<FleetTraffic> StartAsync(IReadOnlyList<SimulatedDevice> devices, TimeSpan interval, CancellationToken cancellationToken)
    {
        var streams = new EchoStream[devices.Count];
        for (var i = 0; i < streams.Length; i++)
        {
            streams[i] = new EchoStream(devices[i], await devices[i].WaitUpAsync(cancellationToken));
        }

        return new FleetTraffic(devices, streams, interval);
    }

    /// <summary>Ends when every device has got so many echoes more.</summary>
    public Task ReceiveAsync(int more) => Task.WhenAll(_streams.Select(stream => stream.ReceiveAsync(more)));

    /// <summary>Sends no more and waits for the echoes that are under way.</summary>
    /// <param name="patience">After this an echo counts as missing.</param>
    public async Task<TrafficReport> StopAsync(TimeSpan patience)
    {
        await _stop.CancelAsync();
        await _sending;
        try
        {
            await Task.WhenAll(_streams.Select(static stream => stream.SettleAsync())).WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // The report says how many.
        }

        return new TrafficReport(
            _streams.Length, _streams.Sum(static stream => stream.Sent), _streams.Sum(static stream => stream.Missing), _streams.Max(static stream => stream.Longest));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        for (var i = 0; i < _streams.Length; i++)
        {
            _devices[i].StopReading();
            _streams[i].Join();
        }

        _stop.Dispose();
    }

    private async Task SendAsync(TimeSpan phase)
    {
        using var timer = new PeriodicTimer(phase, TimeProvider.System);
        try
        {
            for (var tick = 0; await timer.WaitForNextTickAsync(_stop.Token); tick++)
            {
                for (var i = tick % Phases; i < _streams.Length; i += Phases)
                {
                    _streams[i].Send();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: stopped.
        }
    }
}
