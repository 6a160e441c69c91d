using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>A whole edge on loopback sockets and a virtual clock, linked to a <see cref="ScriptedSilo"/>.</summary>
internal sealed class EdgeFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("uem-edge-");
    private readonly List<PeerCredentials> _issued = [];
    private Task _running = null!;

    private EdgeFixture()
    {
        Silo = new ScriptedSilo(Installation, Time);
        Silo.Tenants.Add(Tenant);
    }

    public ManualTimeProvider Time { get; } = new(TestAuthority.Epoch);

    public TestAuthority Installation { get; } = new("Installation");

    public TestAuthority Tenant { get; } = new("Tenant");

    public ScriptedSilo Silo { get; }

    public EdgeHealth Health { get; } = new();

    public EdgeReady Ready { get; private set; } = null!;

    public EdgeServer Server { get; private set; } = null!;

    public string StatePath => _state.FullName;

    public static async Task<EdgeFixture> StartAsync(Func<EdgeOptions, EdgeOptions>? change = null)
    {
        var fixture = new EdgeFixture();
        fixture.SaveCredentials();
        var options = new EdgeOptions
        {
            StateDirectory = fixture._state.FullName,
            Silos = [fixture.Silo.Address],
            DeviceEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            NodeEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            DrainTime = TimeSpan.Zero,
        };
        var ready = new TaskCompletionSource<EdgeReady>(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture._running = Task.Run(() => EdgeHost.RunAsync(
            change?.Invoke(options) ?? options, NullLoggerFactory.Instance, fixture.Time, fixture.Health, server => fixture.Server = server, ready.SetResult, fixture._stop.Token));
        await Task.WhenAny(ready.Task, fixture._running).WithinAsync("the edge to be ready");
        fixture.Ready = ready.Task.IsCompleted ? await ready.Task : throw new InvalidOperationException("The edge ended.", fixture._running.Exception);
        Assert.True(fixture.Ready.IsLinked);
        return fixture;
    }

    public PeerCredentials Issue(PeerRole role, string name, TestAuthority? authority = null, TimeSpan? validity = null)
    {
        var credentials = (authority ?? Tenant).Issue(role, name, validity);
        _issued.Add(credentials);
        return credentials;
    }

    /// <summary>Credentials of phone-1 with a fault: "expired", "unknown tenant" or "wrong role"; any other word: without one.</summary>
    public PeerCredentials IssueWith(string fault, TestAuthority stranger) => fault switch
    {
        "expired" => Issue(PeerRole.Device, "phone-1", validity: TimeSpan.FromSeconds(-60)),
        "unknown tenant" => Issue(PeerRole.Device, "phone-1", stranger),
        "wrong role" => Issue(PeerRole.Node, "phone-1"),
        _ => Issue(PeerRole.Device, "phone-1"),
    };

    public async Task<ScriptedPeer> AttachDeviceAsync(string name = "phone-1", ulong generation = 1, PeerCredentials? own = null)
    {
        own ??= Issue(PeerRole.Device, name);
        var peer = await ScriptedPeer.DialAsync(this, Alpn.Device, own);
        peer.Attached = await peer.AttachAsync(own, generation);
        return peer;
    }

    /// <summary>A node that takes every tunnel and sends every datagram back.</summary>
    public async Task<ScriptedPeer> AttachEchoNodeAsync(bool echoes = true)
    {
        var own = Issue(PeerRole.Node, "node-1");
        var peer = await ScriptedPeer.DialAsync(this, Alpn.Node, own, (frame, connection) =>
        {
            if (frame.Type == FrameType.Open)
            {
                connection.TrySend(FrameType.Opened, frame.Channel, new Opened());
            }
            else if (frame.Type == FrameType.Datagram && echoes)
            {
                connection.TrySendDatagram(frame.Channel, frame.Payload);
            }

            return Reason.None;
        });
        peer.Attached = await peer.AttachAsync(own);
        return peer;
    }

    /// <summary>Opens a device's tunnel.</summary>
    public static async Task<Channel> OpenAsync(ScriptedPeer device, uint requestId = 1)
    {
        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = requestId });
        var (channel, opened) = await device.NextAsync(FrameType.Opened, Opened.Parser);
        Assert.Equal((requestId, "node-1"), (opened.RequestId, opened.NodeId));
        return channel;
    }

    /// <summary>
    /// Moves the virtual clock in small steps until something happened that waits for a back-off whose beginning the test can't see. The real pause
    /// between steps only lets sockets do their work.
    /// </summary>
    public async Task AdvanceUntilAsync(Task task)
    {
        const int stepsMax = 3_000;
        for (var i = 0; i < stepsMax && !task.IsCompleted; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }

        await task.WithinAsync("what the virtual clock was advanced for");
    }

    /// <summary>Moves the virtual clock while the control link stays alive: in one jump past its keep-alive each end would take the other for dead, and requests find no silo.</summary>
    public async Task AdvanceLinkedAsync(TimeSpan by)
    {
        for (var left = by; left > TimeSpan.Zero; left -= ControlLinkLimits.KeepAlive)
        {
            Time.Advance(left < ControlLinkLimits.KeepAlive ? left : ControlLinkLimits.KeepAlive);
            await Silo.AskAsync(new ControlRequest { Locate = new Locate() });
        }
    }

    /// <summary>Stops the edge; reports that a silo refused are tried again on the virtual clock.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await AdvanceUntilAsync(_running);
    }

    /// <summary>Tells the edge to stop; the clock stands.</summary>
    /// <returns>Its end.</returns>
    public async Task BeginStopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Silo.DisposeAsync();
        _issued.ForEach(credentials => credentials.Dispose());
        Installation.Dispose();
        Tenant.Dispose();
        _stop.Dispose();
        _state.Delete(recursive: true);
    }

    private void SaveCredentials()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(Reason.None, SigningRequest.TryRead(SigningRequest.Create(key), out var publicKey));
        using var certificate = Installation.Authority.Issue(
            publicKey!, PeerRole.Edge, "edge-1", Installation.Now, TimeSpan.FromDays(365));
        EdgeState.Save(
            _state.FullName,
            certificate.ExportCertificatePem(),
            key.ExportPkcs8PrivateKeyPem(),
            Installation.Authority.Root.ExportCertificatePem());
    }
}
