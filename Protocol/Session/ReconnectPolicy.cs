using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>
/// When to come back after a session ended. Pure: the random number is an argument.
/// <list type="table">
/// <item><term>StaleGeneration with a usable last generation</term><description>At once, once in a row; then the back-off.</description></item>
/// <item><term>A wrong clock, a second user of the same credentials, an edge with a wrong certificate</term><description><see cref="SlowRetry"/>: neither side can help, a person or the network (a captive portal) must.</description></item>
/// <item><term>The edge refuses the certificate or the version</term><description>Fatal: only a person can help.</description></item>
/// <item><term>Everything else</term><description>Back-off: doubles from <see cref="FirstDelay"/> to <see cref="MaxDelay"/>, half of it random, so that the peers of a dead edge do not come back in step.</description></item>
/// </list>
/// The edge's retry-after is a lower bound up to <see cref="MaxRetryAfter"/>.
/// </summary>
public static class ReconnectPolicy
{
    /// <summary>The first back-off. Too small hammers a restarting edge; too large is felt after a short break.</summary>
    public static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest back-off. Arbitrary: a person who waits for the network to come back gives up after about a minute.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    /// <summary>The delay of faults that do not heal in seconds.</summary>
    public static readonly TimeSpan SlowRetry = TimeSpan.FromSeconds(60);

    /// <summary>The longest retry-after that is honoured: an edge may spread its peers, not send them away for good.</summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(10);

    /// <summary>A session attached for this long was a success: the back-off starts over.</summary>
    public static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(10);

    private const int MaxDoublings = 16;

    /// <summary>Decides.</summary>
    /// <param name="failures">The count of the last decision; 0 at first.</param>
    /// <param name="end">Why the session or the attempt ended.</param>
    /// <param name="attachedFor">How long the session was attached; zero for a failed attempt.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <returns>What to do.</returns>
    public static ReconnectDecision Decide(int failures, UplinkEnd end, TimeSpan attachedFor, double random)
    {
        ArgumentNullException.ThrowIfNull(end);
        if (IsFatal(end))
        {
            return new ReconnectDecision(true, TimeSpan.Zero, failures);
        }

        var count = attachedFor >= StableAfter ? 0 : Math.Max(0, failures);
        if (end is { Reason: Reason.StaleGeneration, LastGeneration: > 0 } && count == 0)
        {
            return new ReconnectDecision(false, TimeSpan.Zero, 1);
        }

        var delay = IsSlow(end) ? NotBefore(end.RetryAfter, Jittered(SlowRetry, random)) : Wait(count, end.RetryAfter, random);
        return new ReconnectDecision(false, delay, Math.Min(count + 1, MaxDoublings));
    }

    /// <summary>The delay after a number of failures in a row.</summary>
    /// <param name="failures">0 for the first.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <returns>Between half of the full delay and all of it.</returns>
    public static TimeSpan BackOff(int failures, double random)
    {
        var full = FirstDelay * Math.Pow(2, Math.Clamp(failures, 0, MaxDoublings));
        return Jittered(full < MaxDelay ? full : MaxDelay, random);
    }

    /// <summary>The back-off, and no less than the other side asks for.</summary>
    /// <param name="failures">0 for the first.</param>
    /// <param name="retryAfter">What it asks for; honoured up to <see cref="MaxRetryAfter"/>.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <returns>The longer of both.</returns>
    public static TimeSpan Wait(int failures, TimeSpan retryAfter, double random) => NotBefore(retryAfter, BackOff(failures, random));

    /// <summary>
    /// Whether only a person can help. Only the edge's word counts, and an edge has proved that it is one of the installation: what this side
    /// finds wrong with a server may be a captive portal and passes.
    /// </summary>
    /// <param name="end">Why the session ended.</param>
    /// <returns>True when coming back is pointless.</returns>
    public static bool IsFatal(UplinkEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        return end.IsByPeer && IsAboutOurCertificate(end.Reason);
    }

    private static bool IsAboutOurCertificate(Reason reason) => reason is Reason.UnsupportedVersion or Reason.CertificateMissing
        or Reason.CertificateMalformed or Reason.CertificateUntrusted or Reason.CertificateExpired or Reason.CertificateWrongRole
        or Reason.CertificateWrongName or Reason.CertificateRevoked or Reason.CertificateSuperseded or Reason.UnknownTenant
        or Reason.BadSignature;

    private static bool IsSlow(UplinkEnd end) => IsAboutOurCertificate(end.Reason)
        || end.Reason is Reason.ClockSkew or Reason.CertificateNotYetValid or Reason.NotPermitted or Reason.Replaced;

    private static TimeSpan NotBefore(TimeSpan retryAfter, TimeSpan delay)
    {
        var wish = retryAfter < MaxRetryAfter ? retryAfter : MaxRetryAfter;
        return delay > wish ? delay : wish;
    }

    private static TimeSpan Jittered(TimeSpan full, double random) => full * (0.5 + (0.5 * Math.Clamp(random, 0, 1)));
}
