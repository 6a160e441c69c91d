using Microsoft.Extensions.Hosting;
using OrleansUem.Silo.Control;

namespace OrleansUem.Silo;

/// <summary>
/// Registers this silo's links once more as soon as another silo is declared dead. The grains that knew the edges may have been there; without this a cut would
/// wait for the next refresh, up to 10 s.
/// </summary>
internal sealed class SiloDeaths(ISiloStatusOracle silos, ControlListener listener) : IHostedService, ISiloStatusListener
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        silos.SubscribeToSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        silos.UnSubscribeFromSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead)
        {
            listener.RefreshSoon();
        }
    }
}
