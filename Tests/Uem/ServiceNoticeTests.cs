using System.Net.Sockets;
using System.Text;
using Xunit;

namespace OrleansUem.Tests.Uem;

/// <summary>What a service manager hears from the real program.</summary>
public sealed class ServiceNoticeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-notice-").FullName;
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ServiceNoticeTests() => _manager.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "notify")));

    public void Dispose()
    {
        _manager.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Up_StartedByAServiceManager_TellsReadyOnceAndThatItStops()
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "uem.dll"), "up", "--state", Path.Combine(_folder, "relay"),
            "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0",
        ];
        await using var relay = ProcessUnderTest.Start(
            null, "dotnet", arguments, new Dictionary<string, string> { ["NOTIFY_SOCKET"] = Path.Combine(_folder, "notify") });
        var ready = await NextAsync(relay);
        Assert.StartsWith("READY=1\nSTATUS=edge edge-1 ready: devices on 127.0.0.1:", ready, StringComparison.Ordinal);

        relay.Terminate();
        Assert.Equal("STOPPING=1\nSTATUS=draining", await NextAsync(relay));
        Assert.Equal(0, await relay.WaitForExitAsync("relay drains"));
        Assert.Equal(0, _manager.Available);
    }

    private async Task<string> NextAsync(ProcessUnderTest relay)
    {
        var buffer = new byte[4_096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            return Encoding.UTF8.GetString(buffer, 0, await _manager.ReceiveAsync(buffer, limit.Token));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The relay told its manager nothing.\n{relay.Tail()}");
        }
    }
}
