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

    /// <summary>A limit of connections that this process can keep.</summary>
    /// <param name="wanted">For each listener.</param>
    /// <param name="listeners">How many.</param>
    /// <param name="logger">Gets a warning when it is less than wanted.</param>
    /// <returns>At most <paramref name="wanted"/>, at least 1.</returns>
    public static int Fit(int wanted, int listeners, ILogger logger)
    {
        if (OpenFiles.FindLimit() is not { } files)
        {
            return wanted;
        }

        var possible = (int)Math.Clamp((files - Reserve) / Math.Max(1, listeners), 1, int.MaxValue);
        if (possible < wanted)
        {
            LogLowered(logger, wanted, possible, files);
        }

        return Math.Min(wanted, possible);
    }

    [LoggerMessage(1003, LogLevel.Warning, "MaxConnections is {Wanted} for each listener, but this process may open {Files} files only: {Possible} are taken. Raise the limit (LimitNOFILE in a systemd unit, ulimit -n)")]
    private static partial void LogLowered(ILogger logger, int wanted, int possible, long files);
}
