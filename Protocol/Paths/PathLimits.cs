using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Paths;

/// <summary>Sizes and times of the UDP path.</summary>
public static class PathLimits
{
    /// <summary>The smallest datagram that proves anything: a full frame of the smallest tunnel MTU.</summary>
    public const int DatagramBytesMin = FrameLimits.HeaderBytes + TunnelLimits.RecordOverheadBytes + TunnelLimits.MtuBytesMin;

    /// <summary>The largest: a full frame of the largest tunnel MTU.</summary>
    public const int DatagramBytesMax = FrameLimits.HeaderBytes + TunnelLimits.RecordOverheadBytes + TunnelLimits.MtuBytesMax;

    /// <summary>Probes without an answer that end the use of the path, or an attempt at it. Three: one or two are lost on any Wi-Fi.</summary>
    public const int ProbesMax = 3;

    /// <summary>
    /// Between two probes of a path that is used. UDP bindings of NATs live 30 s in the field, although RFC 4787 §4.3 asks for 2 minutes; half of that also survives the loss
    /// of one probe. Too long loses the binding, too short wakes a phone's radio.
    /// </summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Wait for an ack. Longer than nearly every round trip; a path by satellite (600 ms) still gets its first ack before the third probe is given up.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How often a path that carries data is looked at. A look at which data was sent and nothing was heard, twice in a row, sends a probe: at the latest 750 ms
    /// after the path died. With the three probes that follow it is left after 1.75 to 2.25 s; inner TCP has then repeated twice or three times and goes on.
    /// </summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>The first wait after the path failed; doubles up to <see cref="RetryMax"/>, plus up to a quarter at random.</summary>
    public static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait. A network that blocks UDP costs three datagrams in five minutes; a changed network is tried at once.</summary>
    public static readonly TimeSpan RetryMax = TimeSpan.FromMinutes(5);

    /// <summary>A path that was used for this long was a success: the wait starts over. Arbitrary; shorter lets a path that flaps stall the tunnel for 2 s every 7.</summary>
    public static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long the edge sends to an address after its last probe: three intervals and the three probes of the last one. A peer that leaves the path in an orderly way says so at once; this
    /// is for one that fell silent.
    /// </summary>
    public static readonly TimeSpan FreshFor = (KeepAlive * 3) + (ProbeTimeout * ProbesMax);

    /// <summary>The size of the datagram that carries a full packet.</summary>
    /// <param name="mtuBytes">MTU of the tunnel, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>.</param>
    /// <returns>Bytes of UDP payload: what probes are padded to.</returns>
    public static int DatagramBytesOf(int mtuBytes) => FrameLimits.HeaderBytes + TunnelLimits.RecordOverheadBytes + mtuBytes;
}
