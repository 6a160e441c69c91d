using OrleansUem.Device.Names;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Control;

/// <summary>Remembers what a device's steps said, for whoever asks. Any thread.</summary>
internal sealed class DeviceMonitor(TimeProvider time)
{
    // As many routes as a node can give.
    private const int SkippedMax = TunnelLimits.RoutesMax;

    private readonly Lock _gate = new();
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly List<string> _skipped = [];
    private DeviceCondition _condition = DeviceCondition.Connecting;
    private DateTimeOffset _since = time.GetUtcNow();
    private string? _relay;
    private string? _edge;
    private bool? _isUdp;
    private TunnelConfiguration? _configuration;
    private DeviceEnd? _end;

    /// <summary>A step.</summary>
    public void OnStatus(DeviceStatus status)
    {
        lock (_gate)
        {
            _relay = status.Relay ?? _relay;
            _isUdp = status.IsUdp ?? _isUdp;
            switch (status.Kind)
            {
                case DeviceStatusKind.Connecting:
                    Enter(DeviceCondition.Connecting);
                    break;
                case DeviceStatusKind.Attached:
                    (_edge, _isUdp) = (status.Edge, false);
                    Enter(DeviceCondition.Opening);
                    break;
                case DeviceStatusKind.Opening:
                    // The routes of the tunnel that follows are judged anew.
                    _skipped.Clear();
                    Enter(DeviceCondition.Opening);
                    break;
                case DeviceStatusKind.RouteSkipped when _skipped.Count < SkippedMax:
                    _skipped.Add(status.Text);
                    break;
                case DeviceStatusKind.Up:
                    _configuration = status.Configuration;
                    Enter(DeviceCondition.Up);
                    break;
                case DeviceStatusKind.Asleep:
                    End(status);
                    Enter(DeviceCondition.Asleep);
                    break;
                case DeviceStatusKind.TunnelClosed:
                    End(status);
                    Enter(DeviceCondition.Waiting);
                    break;
                case DeviceStatusKind.Detached:
                    (_edge, _isUdp) = (null, null);
                    End(status);
                    Enter(DeviceCondition.Waiting);
                    break;
                case DeviceStatusKind.Stopped:
                    Enter(DeviceCondition.Ending);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Fills in what the steps said.</summary>
    /// <param name="known">What does not come from steps.</param>
    public DeviceReport Complete(DeviceReport known)
    {
        lock (_gate)
        {
            return known with
            {
                State = _condition,
                Since = _since,
                Started = _started,
                Relay = _relay,
                Edge = _edge,
                Path = _isUdp switch { true => "udp", false => "tcp", null => null },
                Address = _configuration?.Address.ToString(),
                MtuBytes = _configuration?.MtuBytes,
                Node = _configuration?.NodeName,
                Routes = _configuration is { } configuration ? [.. configuration.Routes.Select(route => route.ToString())] : [],
                SkippedRoutes = [.. _skipped],
                Dns = known.Dns.By == NameReport.OfApp.By && _configuration is { } names
                    ? known.Dns with { Servers = [.. names.DnsServers.Select(server => server.ToString())], Domains = names.DnsDomains }
                    : known.Dns,
                LastEnd = _end,
            };
        }
    }

    private void Enter(DeviceCondition condition)
    {
        if (_condition != condition)
        {
            _condition = condition;
            _since = time.GetUtcNow();
        }
    }

    private void End(DeviceStatus status) => _end = new DeviceEnd((status.Reason == Reason.None ? Reason.InternalError : status.Reason).ToString(), status.Text, time.GetUtcNow());
}
