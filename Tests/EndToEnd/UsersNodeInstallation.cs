using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>One installation for the tests of a node without root: a name server behind it, a device of root's that is up, and one of a user's for single apps.</summary>
public sealed class UsersNodeInstallation : IAsyncLifetime
{
    private Task<(UemInstallation, AppDevice)>? _installation;

    public Task<(UemInstallation Uem, AppDevice User)> GetAsync() => _installation ??= StartAsync();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_installation is { IsCompletedSuccessfully: true })
        {
            await (await _installation).Item1.DisposeAsync();
        }
    }

    private static async Task<(UemInstallation Uem, AppDevice User)> StartAsync()
    {
        var uem = await UemInstallation.StartWithUsersNodeAsync("--dns", UemInstallation.WebAddress, "--dns-domain", "corp.example");
        await AppInstallation.StartNameServerAsync(uem);
        await uem.EnrolDeviceAsync();
        await uem.StartDeviceAsync();
        return (uem, await AppDevice.EnrolAsync(uem, isUser: true));
    }
}
