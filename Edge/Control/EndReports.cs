using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Control;

/// <summary>
/// Tells silos of sessions and tunnels that ended, in batches, as soon as there is a link: what ends without one is reported when one comes back. Bounded; the
/// oldest go first, which costs a grain a renewal or a LOCATE to find out. Adding never blocks.
/// </summary>
internal sealed partial class EndReports(SiloLinks silos, TimeProvider time, ILogger logger) : IDisposable
{
    private const int MaxPending = 100_000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LinkedList<SessionEnded> _sessions = [];
    private readonly LinkedList<LeaseReport> _leases = [];
    private readonly SemaphoreSlim _signal = new(0, 1);
    private TaskCompletionSource? _empty;
    private bool _isSignalled;

    public void Add(SessionEnded ended) => Add(_sessions, ended);

    public void Add(LeaseReport ended) => Add(_leases, ended);

    /// <summary>Completes when all that was added so far is reported.</summary>
    public Task WhenEmptyAsync()
    {
        lock (_lock)
        {
            return _sessions.Count + _leases.Count == 0
                ? Task.CompletedTask
                : (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(cancellationToken);
                lock (_lock)
                {
                    _isSignalled = false;
                }

                while (Next(out var sessions, out var leases) is { } request)
                {
                    await silos.WaitAsync(cancellationToken);
                    var answer = await silos.RequestAsync(request);
                    if (answer.Reason != 0)
                    {
                        LogReportFailed(logger, ReasonText.FromWire(answer.Reason));
                        await Task.Delay(RetryDelay, time, cancellationToken);
                        continue;
                    }

                    Remove(sessions, leases);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Expected: the edge stops.
        }
    }

    public void Dispose() => _signal.Dispose();

    private void Add<T>(LinkedList<T> list, T ended)
    {
        lock (_lock)
        {
            if (list.Count == MaxPending)
            {
                list.RemoveFirst();
            }

            list.AddLast(ended);
            if (!_isSignalled)
            {
                _isSignalled = true;
                _signal.Release();
            }
        }
    }

    // Entries stay in the list until they are answered for.
    private ControlRequest? Next(out List<SessionEnded> sessions, out List<LeaseReport> leases)
    {
        lock (_lock)
        {
            leases = [.. _leases.Take(LeaseLimits.MaxReportsPerRequest)];
            sessions = leases.Count > 0 ? [] : [.. _sessions.Take(LeaseLimits.MaxReportsPerRequest)];
        }

        return leases.Count > 0 ? new ControlRequest { TunnelsEnded = new TunnelsEnded { Leases = { leases } } }
            : sessions.Count > 0 ? new ControlRequest { SessionsEnded = new SessionsEnded { Sessions = { sessions } } }
            : null;
    }

    private void Remove(List<SessionEnded> sessions, List<LeaseReport> leases)
    {
        lock (_lock)
        {
            RemoveFirst(_sessions, sessions);
            RemoveFirst(_leases, leases);
            if (_sessions.Count + _leases.Count == 0)
            {
                _empty?.TrySetResult();
                _empty = null;
            }
        }
    }

    // The list may have lost its oldest entries meanwhile.
    private static void RemoveFirst<T>(LinkedList<T> list, List<T> reported)
        where T : class
    {
        foreach (var entry in reported)
        {
            if (ReferenceEquals(list.First?.Value, entry))
            {
                list.RemoveFirst();
            }
        }
    }

    [LoggerMessage(1017, LogLevel.Warning, "Reporting ended sessions and tunnels failed, to be tried again: {Reason}")]
    private static partial void LogReportFailed(ILogger logger, Reason reason);
}
