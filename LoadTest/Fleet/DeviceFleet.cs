using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Many simulated devices of one tenant, each enrolled through the relay.</summary>
internal sealed class DeviceFleet : IAsyncDisposable
{
    // For a refusal that names no time: a relay that was not there.
    private static readonly TimeSpan SilentRefusal = TimeSpan.FromSeconds(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-fleet-").FullName;
    private readonly List<SimulatedDevice> _devices = [];

    public IReadOnlyList<SimulatedDevice> Devices => _devices;

    /// <summary>The state directory of an enrolled device.</summary>
    public string StateOf(int index) => Path.Combine(_folder, $"{index}");

    /// <summary>Makes activations at the node's state directory and enrols the devices, a few at a time.</summary>
    /// <param name="nodeState">The state directory of a node of this machine.</param>
    /// <param name="relay">Where devices reach the relay.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task EnrolAsync(string nodeState, RelayAddress relay, int count, CancellationToken cancellationToken) =>
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var activation = NodeActivations.Create(nodeState, DeviceId.Parse(NameOf(index)), TimeProvider.System, relay: relay);
            while (await TryEnrolAsync(activation, StateOf(index), token) is { } wait)
            {
                await Task.Delay(wait, TimeProvider.System, token);
            }
        });

    /// <summary>Starts the devices and waits until every tunnel is up.</summary>
    /// <param name="count">How many of the enrolled ones.</param>
    /// <param name="concurrency">Set-ups at a time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task StartAsync(int count, int concurrency, CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(concurrency);
        var waits = new List<Task>(count);
        for (var index = 0; index < count; index++)
        {
            await slots.WaitAsync(cancellationToken);
            var device = new SimulatedDevice(StateOf(index));
            _devices.Add(device);
            waits.Add(WaitAsync(device));
        }

        await Task.WhenAll(waits);

        async Task WaitAsync(SimulatedDevice device)
        {
            await device.WaitUpAsync(cancellationToken);
            slots.Release();
        }
    }

    /// <summary>The name that the certificate of the n-th device has.</summary>
    public static string NameOf(int index) => $"load-{index}";

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_devices.Select(device => device.DisposeAsync().AsTask()));
        Directory.Delete(_folder, recursive: true);
    }

    // A node certifies ten devices a second; a fleet that enrols at once has to wait for its turn. Null: enrolled.
    private static async Task<TimeSpan?> TryEnrolAsync(EnrolmentUri activation, string state, CancellationToken cancellationToken)
    {
        try
        {
            await DeviceEnrolment.EnrolAsync(activation, state, TimeProvider.System, NullLogger.Instance, cancellationToken);
            return null;
        }
        catch (EnrolmentException e) when (e.IsPassing)
        {
            return e.RetryAfter ?? SilentRefusal;
        }
    }
}
