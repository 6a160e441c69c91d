using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;
using OrleansUem.Agent.Tun;

namespace OrleansUem.LoadTest.Net;

/// <summary>
/// A point-to-point IP link between two network namespaces with delay, loss and rate in user space, for kernels without
/// sch_netem. Each end is a TUN device; a thread per direction carries the packets. Needs root and /dev/net/tun.
/// <para>Chance comes from the seed: the same sequence of packets meets the same losses.</para>
/// </summary>
public sealed class LinkEmulator : IDisposable
{
    // A burst waits here while the thread is away for a few milliseconds; the default of 500 is 6 MB/s at 1 ms.
    private const int TransmitQueuePackets = 10_000;

    private readonly LinuxTunDevice _leftTun;
    private readonly LinuxTunDevice _rightTun;
    private readonly LinkDirection _leftToRight;
    private readonly LinkDirection _rightToLeft;

    private LinkEmulator(LinuxTunDevice leftTun, LinuxTunDevice rightTun, LinkConditions conditions, int seed)
    {
        _leftTun = leftTun;
        _rightTun = rightTun;
        _leftToRight = new LinkDirection(leftTun, rightTun, conditions, seed);
        _rightToLeft = new LinkDirection(rightTun, leftTun, conditions, seed + 1);
    }

    /// <summary>Conditions from left to right; may be changed at any time.</summary>
    public LinkConditions LeftToRight
    {
        get => _leftToRight.Conditions;
        set => _leftToRight.Conditions = Validated(value);
    }

    /// <summary>Conditions from right to left; may be changed at any time.</summary>
    public LinkConditions RightToLeft
    {
        get => _rightToLeft.Conditions;
        set => _rightToLeft.Conditions = Validated(value);
    }

    public LinkCounters LeftToRightCounters => _leftToRight.Counters;

    public LinkCounters RightToLeftCounters => _rightToLeft.Counters;

    /// <summary>Creates both interfaces with their addresses, brings them up and starts carrying.</summary>
    /// <param name="left">One end.</param>
    /// <param name="right">The other end, in another namespace.</param>
    /// <param name="conditions">Of both directions at first.</param>
    /// <param name="seed">Of the losses.</param>
    /// <param name="mtuBytes">Of both interfaces.</param>
    public static LinkEmulator Start(LinkEnd left, LinkEnd right, LinkConditions conditions, int seed, int mtuBytes = 1500)
    {
        LinkConditions validated = Validated(conditions);
        LinuxTunDevice leftTun = OpenEnd(left, mtuBytes);
        try
        {
            return new LinkEmulator(leftTun, OpenEnd(right, mtuBytes), validated, seed);
        }
        catch
        {
            leftTun.Dispose();
            throw;
        }
    }

    /// <summary>Sets both directions at once.</summary>
    /// <param name="conditions">From the next packet on.</param>
    public void SetConditions(LinkConditions conditions)
    {
        LeftToRight = conditions;
        RightToLeft = conditions;
    }

    /// <summary>Stops carrying and removes both interfaces; packets in flight are lost.</summary>
    public void Dispose()
    {
        _leftToRight.Dispose();
        _rightToLeft.Dispose();
        _leftTun.Dispose();
        _rightTun.Dispose();
    }

    private static LinkConditions Validated(LinkConditions conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        conditions.Validate();
        return conditions;
    }

    private static LinuxTunDevice OpenEnd(LinkEnd end, int mtuBytes)
    {
        ArgumentNullException.ThrowIfNull(end);
        return NamespaceScope.Run(end.NamespacePath, () =>
        {
            LinuxTunDevice tun = LinuxTunDevice.Open(new TunOptions { Name = end.InterfaceName, MtuBytes = mtuBytes });
            try
            {
                using NetworkLink link = NetworkLink.Open(tun.Name);
                link.SetTransmitQueueLength(TransmitQueuePackets);
                link.AddAddress(end.Address, end.PrefixLength);
                link.SetUp();
                return tun;
            }
            catch
            {
                tun.Dispose();
                throw;
            }
        });
    }
}
