namespace OrleansUem.LoadTest.Net;

/// <summary>What an emulated link does with a packet.</summary>
public enum LinkVerdict
{
    /// <summary>It arrives after the delay.</summary>
    Deliver = 0,

    /// <summary>Dropped by <see cref="LinkConditions.LossProbability"/>.</summary>
    Lost = 1,

    /// <summary>Dropped because <see cref="LinkConditions.QueueBytesMax"/> bytes are waiting for the limited link.</summary>
    QueueFull = 2,

    /// <summary>Dropped because the emulator holds as many bytes as it may: delay times throughput is beyond its memory.</summary>
    InFlightFull = 3,
}
