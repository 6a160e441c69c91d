using System.Globalization;
using OrleansUem.LoadTest.Web;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A download at 3 MB/s that has begun: what a test does next happens while it runs.</summary>
internal sealed class PacedDownload : IAsyncDisposable
{
    private readonly ProcessUnderTest _curl;
    private readonly long _count;

    private PacedDownload(ProcessUnderTest curl, long count)
    {
        _curl = curl;
        _count = count;
    }

    /// <summary>Begins a download on the device and waits until its first bytes are there.</summary>
    /// <param name="uem">An installation whose tunnel is up.</param>
    /// <param name="count">Bytes, at least 10 MB: 1 MB may wait in the device's kernel, as much is through when this returns.</param>
    public static async Task<PacedDownload> StartAsync(UemInstallation uem, long count)
    {
        // Some kernels' receive buffers grow to 32 MB: the whole download would wait there for curl, and every change "during" it would come after its last packet.
        await uem.DeviceSide.RunAsync("bash", "-c", "echo '4096 131072 1048576' >/proc/sys/net/ipv4/tcp_rmem");

        // tr would keep its lines until curl ends, with the same effect.
        var url = string.Create(CultureInfo.InvariantCulture, $"http://{UemInstallation.WebAddress}/bytes/{count}");
        var curl = uem.DeviceSide.Start(
            "bash", "-o", "pipefail", "-c",
            $"curl -N --limit-rate 3M --max-time 120 {url} 2>&1 >/tmp/$$.bytes | stdbuf -oL tr '\\r' '\\n'; sha256sum </tmp/$$.bytes; rm /tmp/$$.bytes");
        await curl.WaitForLineAsync("download runs", line => line.Contains("M ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        return new PacedDownload(curl, count);
    }

    /// <summary>Waits for its end: every byte came through.</summary>
    public async Task AssertWholeAsync()
    {
        await _curl.WaitForExitAsync("download ends", TimeSpan.FromMinutes(2));
        Assert.Contains(_curl.Lines, line => line.Text.StartsWith(SampleBytes.Sha256(_count), StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _curl.DisposeAsync();
}
