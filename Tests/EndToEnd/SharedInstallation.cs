using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>One installation for a class of tests, built by the first that needs it: when all are skipped none is built.</summary>
public class SharedInstallation : IAsyncLifetime
{
    private Task<UemInstallation>? _installation;

    protected virtual LinkQuality? DeviceLink => null;

    protected virtual LinkQuality? NodeLink => null;

    public Task<UemInstallation> GetAsync() => _installation ??= UemInstallation.StartAsync(DeviceLink, NodeLink);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_installation is { IsCompletedSuccessfully: true })
        {
            await (await _installation).DisposeAsync();
        }
    }
}
