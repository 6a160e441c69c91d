using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>One installation for the tests of single apps: a name server behind the node, a device of root's and one of a user's, no agent running.</summary>
public sealed class AppInstallation : IAsyncLifetime
{
    /// <summary>Resolved by the name server behind the node only.</summary>
    public const string WebName = "web.corp.example";

    private Task<UemInstallation>? _installation;
    private Task<AppDevice>? _root;
    private Task<AppDevice>? _user;

    public Task<UemInstallation> GetAsync() => _installation ??= StartAsync();

    public async Task<AppDevice> GetDeviceAsync(bool isUser)
    {
        var uem = await GetAsync();
        return await (isUser ? _user ??= AppDevice.EnrolAsync(uem, true) : _root ??= AppDevice.EnrolAsync(uem, false));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_installation is { IsCompletedSuccessfully: true })
        {
            await (await _installation).DisposeAsync();
        }
    }

    /// <summary>Starts an installation with a name server, dnsmasq, beside the web server.</summary>
    public static async Task<UemInstallation> StartAsync()
    {
        var uem = await UemInstallation.StartWithoutDeviceAsync("--dns", UemInstallation.WebAddress, "--dns-domain", "corp.example");
        await StartNameServerAsync(uem);
        return uem;
    }

    /// <summary>Starts dnsmasq beside the web server.</summary>
    public static async Task StartNameServerAsync(UemInstallation uem)
    {
        var server = uem.StartProgram(
            uem.WebSide, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-facility=-", "--log-queries",
            $"--listen-address={UemInstallation.WebAddress}", "--bind-interfaces", $"--host-record={WebName},{UemInstallation.WebAddress}");
        await server.WaitForLineAsync("the name server starts", line => line.Contains("started", StringComparison.Ordinal));
    }
}
