namespace OrleansUem.LoadTest.Net;

/// <summary>
/// Decides for each packet of one direction whether and when it arrives. Pure: time and chance are arguments. The link is a
/// transmitter of a certain rate with a queue before it, and a wire of a certain length behind it; loss happens on the wire's
/// far end in reality and is decided before the queue here, which is the same to both ends except that a lost packet takes no
/// transmission time.
/// </summary>
internal sealed class LinkShaper(Random random)
{
    private long _transmitterFreeAt;
    private long _lastArrivalAt;

    /// <param name="conditions">In force for this packet.</param>
    /// <param name="bytes">The packet's length.</param>
    /// <param name="nowNanoseconds">Monotonic, never below that of an earlier call.</param>
    /// <param name="arrivesAtNanoseconds">When it arrives, never before an earlier packet.</param>
    public LinkVerdict Judge(LinkConditions conditions, int bytes, long nowNanoseconds, out long arrivesAtNanoseconds)
    {
        arrivesAtNanoseconds = 0;

        // Drawn for every packet, so that the sequence depends on the number of packets alone.
        double draw = random.NextDouble();
        if (draw < conditions.LossProbability)
        {
            return LinkVerdict.Lost;
        }

        long sentAt = nowNanoseconds;
        if (conditions.BitsPerSecond > 0)
        {
            double nanosecondsPerByte = 8e9 / conditions.BitsPerSecond;
            long startsAt = Math.Max(nowNanoseconds, _transmitterFreeAt);
            if ((startsAt - nowNanoseconds) / nanosecondsPerByte > conditions.QueueBytesMax)
            {
                return LinkVerdict.QueueFull;
            }

            sentAt = startsAt + (long)(bytes * nanosecondsPerByte);
            _transmitterFreeAt = sentAt;
        }

        long delay = conditions.Delay.Ticks * TimeSpan.NanosecondsPerTick;
        arrivesAtNanoseconds = _lastArrivalAt = Math.Max(sentAt + delay, _lastArrivalAt);
        return LinkVerdict.Deliver;
    }
}
