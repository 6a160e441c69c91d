namespace OrleansUem.LoadTest.Net;

/// <summary>Totals of one direction of an emulated link. Entered = delivered + in flight + all drops.</summary>
public readonly record struct LinkCounters
{
    /// <summary>Packets that the sending side's kernel put on the link.</summary>
    public long Entered { get; init; }

    /// <summary>Packets given to the receiving side's kernel.</summary>
    public long Delivered { get; init; }

    /// <summary>Bytes of <see cref="Delivered"/>.</summary>
    public long DeliveredBytes { get; init; }

    /// <summary>Drops of <see cref="LinkVerdict.Lost"/>.</summary>
    public long Lost { get; init; }

    /// <summary>Drops of <see cref="LinkVerdict.QueueFull"/>.</summary>
    public long QueueFull { get; init; }

    /// <summary>Drops of <see cref="LinkVerdict.InFlightFull"/>.</summary>
    public long InFlightFull { get; init; }

    /// <summary>Packets that the receiving kernel refused, for example because its interface was down.</summary>
    public long Refused { get; init; }
}
