using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Control;

/// <summary>Applies cuts and remembers the last one. Thread-safe; a cut may be applied twice.</summary>
internal sealed partial class CutLog(EdgeServer server)
{
    private ulong _last;

    /// <summary>Sequence number of the last cut applied; 0: none.</summary>
    public ulong Last => Interlocked.Read(ref _last);

    /// <summary>The cuts that were missed, before anything else is sent on the link.</summary>
    public void Apply(LinkStarted started)
    {
        if (started.Resync)
        {
            LogResync(server.Logger);
            foreach (var session in server.Sessions.ToArray())
            {
                session.Close(Reason.Draining, "The edge lost track of cuts; attach again.", EdgeServer.RetryAfterMs(Reason.Draining));
            }
        }

        foreach (var cut in started.Cuts)
        {
            Apply(cut);
        }

        Advance(started.LastCut);
    }

    public void Apply(Cut cut)
    {
        var reason = ReasonText.FromWire(cut.Reason);
        reason = reason == Reason.None ? Reason.CutByAdmin : reason;
        server.Bundles.Forget(cut.TenantId);
        foreach (var session in server.Sessions.ToArray())
        {
            if (CutScope.Covers(cut, session.Identity, session.Generation, session.CertificateSha256))
            {
                session.Close(reason);
            }
        }

        if (CutScope.LeasePrefix(cut) is { } prefix)
        {
            server.Routes.EndPrefix(prefix, reason);
        }

        Advance(cut.Sequence);
        LogCut(server.Logger, cut.Sequence, reason);
    }

    private void Advance(ulong sequence)
    {
        var last = Last;
        while (sequence > last)
        {
            var seen = Interlocked.CompareExchange(ref _last, sequence, last);
            if (seen == last)
            {
                return;
            }

            last = seen;
        }
    }

    [LoggerMessage(1014, LogLevel.Information, "Cut {Sequence} applied: {Reason}")]
    private static partial void LogCut(ILogger logger, ulong sequence, Reason reason);

    [LoggerMessage(1015, LogLevel.Warning, "The silo has forgotten cuts that this edge missed: all sessions end")]
    private static partial void LogResync(ILogger logger);
}
