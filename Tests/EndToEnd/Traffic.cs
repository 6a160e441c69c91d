using System.Globalization;
using System.Text.Json;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Traffic from the device to the web server, by the programs that people use.</summary>
internal static class Traffic
{
    /// <summary>Downloads and hashes.</summary>
    /// <returns>SHA-256 of what arrived, lower-case hexadecimal.</returns>
    public static async Task<string> DownloadAsync(this UemInstallation uem, long count, TimeSpan timeout)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"http://{UemInstallation.WebAddress}/bytes/{count}");
        var seconds = ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var result = await ProcessUnderTest.RunAsync(
            uem.DeviceSide, $"download of {count} bytes", timeout + TimeSpan.FromSeconds(10), "bash", "-o", "pipefail", "-c",
            $"curl -sS --max-time {seconds} {url} | sha256sum");
        return result.EnsureSuccess().Output.Split(' ')[0];
    }

    /// <summary>Runs iperf3 from the device to a server beside the web server.</summary>
    /// <returns>Its JSON report.</returns>
    public static async Task<JsonDocument> IperfAsync(this UemInstallation uem, string[] options)
    {
        await using var server = uem.WebSide.Start("iperf3", "-s", "-1", "--forceflush", "-p", "5201");
        await server.WaitForLineAsync("iperf3 server listens", line => line.Contains("listening", StringComparison.OrdinalIgnoreCase));
        var result = await ProcessUnderTest.RunAsync(
            uem.DeviceSide, "iperf3", TimeSpan.FromSeconds(60), "iperf3", ["-c", UemInstallation.WebAddress, "-J", .. options]);
        return JsonDocument.Parse(result.EnsureSuccess().Output);
    }
}
