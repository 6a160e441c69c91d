using System.Net;
using System.Net.NetworkInformation;
using OrleansUem.Agent.Uplink;

namespace OrleansUem.Device;

/// <summary>
/// Hurries the uplink when the machine's addresses change in a way that matters: the session's own address is gone, there is no session and the network may
/// be back, or UDP may get through where it did not. A burst of changes counts once.
/// </summary>
internal sealed class NetworkWatch : IDisposable
{
    // Arbitrary: an interface that comes up gets its addresses within this time of each other.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    private readonly RelayUplink _uplink;
    private readonly Func<IUplinkSession?> _session;
    private readonly ITimer _timer;

    public NetworkWatch(RelayUplink uplink, Func<IUplinkSession?> session, TimeProvider time)
    {
        _uplink = uplink;
        _session = session;
        _timer = time.CreateTimer(
            static self => ((NetworkWatch)self!).Judge(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        NetworkChange.NetworkAddressChanged += OnChanged;
    }

    public void Dispose()
    {
        NetworkChange.NetworkAddressChanged -= OnChanged;
        _timer.Dispose();
    }

    private void OnChanged(object? sender, EventArgs e) => _timer.Change(Settling, Timeout.InfiniteTimeSpan);

    private void Judge()
    {
        if (_session() is not { } session)
        {
            // The agent's own TUN also changes the addresses: a dial that is under way is not disturbed.
            _uplink.SkipWait();
        }
        else if (!IsOurs(session.Local.Address))
        {
            _uplink.Nudge();
        }
        else
        {
            _uplink.RetryPath();
        }
    }

    private static bool IsOurs(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return NetworkInterface.GetAllNetworkInterfaces()
            .Any(i => i.GetIPProperties().UnicastAddresses.Any(u => u.Address.Equals(plain)));
    }
}
