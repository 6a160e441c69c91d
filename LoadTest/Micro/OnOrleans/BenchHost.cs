using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrleansUem.LoadTest.Micro;

/// <summary>One Orleans silo as the benchmarks run it: storage in memory, callers in its process.</summary>
internal sealed class BenchHost : IBenchHost
{
    /// <summary>What runs the grains.</summary>
    public const string Engine = "Orleans, one silo";

    private readonly IHost _host;

    private BenchHost(IHost host)
    {
        _host = host;
        Grains = host.Services.GetRequiredService<IGrainFactory>();
    }

    /// <summary>The ways in which the host runs calls; each is measured.</summary>
    public static IReadOnlyList<string> CallModes { get; } = ["queued"];

    public IGrainFactory Grains { get; }

    /// <summary>Starts a silo; null where a durable database is asked for, since that needs PostgreSQL.</summary>
    public static async Task<IBenchHost?> StartAsync(string callMode, string? databaseFolder, CancellationToken cancellationToken)
    {
        _ = callMode;
        if (databaseFolder is not null)
        {
            return null;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(FreePort(), FreePort())
            .AddMemoryGrainStorageAsDefault());
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return new BenchHost(host);
    }

    public Task DeactivateAllAsync(CancellationToken cancellationToken) =>
        Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero).WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
