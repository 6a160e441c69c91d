using Microsoft.Extensions.Logging;
using OrleansUem.Transport;

namespace OrleansUem.Edge;

/// <summary>
/// How many files the kernel lets this process open, which is the true limit of its connections. An edge that runs out of them can't accept anybody; one that knows the number refuses the connections above it and keeps the rest.
/// </summary>
internal static partial class OpenFileLimit
{
    /// <summary>Kept for everything that is no connection: the program's own files, UDP sockets, control links.</summary>
    private const int Reserve = 512;

    /// <summary>What the listeners may have together.</summary>
    /// <param name="wanted">For each listener.</param>
    /// <param name="listeners">How many.</param>
    /// <param name="logger">Gets a warning when a listener may get less than wanted.</param>
    /// <returns>Null when the system tells no limit.</returns>
    public static ConnectionBudget? CreateBudget(int wanted, int listeners, ILogger logger)
    {
        if (OpenFiles.FindLimit() is not { } files)
        {
            return null;
        }

        var budget = new ConnectionBudget((int)Math.Clamp(files - Reserve, listeners, int.MaxValue), listeners);
        if (budget.MaxOfListener < wanted)
        {
            LogLowered(logger, wanted, budget.MaxOfListener, files);
        }

        return budget;
    }

    [LoggerMessage(1003, LogLevel.Warning, "MaxConnections is {Wanted} for each listener, but this process may open {Files} files only: one listener gets {Possible} at most, less what the others have. Raise the limit (LimitNOFILE in a systemd unit, ulimit -n)")]
    private static partial void LogLowered(ILogger logger, int wanted, int possible, long files);
}
