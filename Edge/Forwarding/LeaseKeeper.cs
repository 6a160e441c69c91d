using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>Drives the route table: one timer for all leases, renewals in batches.</summary>
internal sealed partial class LeaseKeeper : IDisposable
{
    private readonly EdgeServer _server;
    private readonly ITimer _timer;

    public LeaseKeeper(EdgeServer server)
    {
        _server = server;
        _timer = server.Time.CreateTimer(
            static state => ((LeaseKeeper)state!).OnTick(), this, LeaseLimits.TickPeriod, LeaseLimits.TickPeriod);
    }

    public void Dispose() => _timer.Dispose();

    private void OnTick()
    {
        var due = new List<LeaseReport>();
        _server.Routes.Tick(_server.Now, due);
        _server.Paths.Tick(_server.Now);
        _server.Audit?.Flush();
        foreach (var batch in due.Chunk(LeaseLimits.MaxReportsPerRequest))
        {
            _ = RenewAsync(batch);
        }
    }

    private async Task RenewAsync(LeaseReport[] batch)
    {
        try
        {
            var answer = await _server.Silos.RequestAsync(new ControlRequest { RenewLeases = new RenewLeases { Leases = { batch } } });
            if (answer.Reason != 0)
            {
                // The leases go on until they expire; each is due again soon.
                LogRenewalFailed(_server.Logger, batch.Length, ReasonText.FromWire(answer.Reason));
                return;
            }

            foreach (var renewal in answer.LeasesRenewed.Leases)
            {
                _server.Routes.Apply(renewal, _server.Now);
            }
        }
        catch (Exception e)
        {
            // Nobody awaits this task: a fault of ours costs one try.
            LogRenewalFault(_server.Logger, e);
        }
    }

    [LoggerMessage(1050, LogLevel.Warning, "Renewing {Count} leases failed: {Reason}")]
    private static partial void LogRenewalFailed(ILogger logger, int count, Reason reason);

    [LoggerMessage(1051, LogLevel.Error, "Renewing leases failed")]
    private static partial void LogRenewalFault(ILogger logger, Exception exception);
}
