using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>One installation for the tests of a device's own machine: name servers on both sides, the device enrolled and not running.</summary>
public sealed class DeviceInstallation : IAsyncLifetime
{
    /// <summary>The machine's own name server; knows <see cref="PublicName"/> only.</summary>
    public const string OwnServer = "198.51.100.1";

    public const string PublicName = "www.public.example";

    public const string PublicAddress = "192.0.2.99";

    private Task<(UemInstallation Uem, ProcessUnderTest OwnServer)>? _started;

    public async Task<UemInstallation> GetAsync() => (await (_started ??= StartAsync())).Uem;

    /// <summary>The log of the machine's own name server.</summary>
    public async Task<ProcessUnderTest> GetOwnServerAsync() => (await (_started ??= StartAsync())).OwnServer;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_started is { IsCompletedSuccessfully: true })
        {
            await (await _started).Uem.DisposeAsync();
        }
    }

    private static async Task<(UemInstallation, ProcessUnderTest)> StartAsync()
    {
        var uem = await AppInstallation.StartAsync();
        await uem.EnrolDeviceAsync();
        var own = uem.StartProgram(
            uem.RelaySide, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-facility=-", "--log-queries",
            $"--listen-address={OwnServer}", "--bind-interfaces", $"--host-record={PublicName},{PublicAddress}");
        await own.WaitForLineAsync("the machine's name server starts", line => line.Contains("started", StringComparison.Ordinal));
        return (uem, own);
    }
}
