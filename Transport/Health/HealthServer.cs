using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansUem.Transport.Health;

/// <summary>
/// A plain HTTP listener of its own for load balancers, supervisors and, when asked for, metrics. It starts before the role and ends after it, so that it also tells of
/// starting and draining. Nothing that it serves changes anything or is secret; it is not meant for the internet all the same.
/// </summary>
public sealed class HealthServer : IAsyncDisposable
{
    // A few balancers and a scraper, each with a connection or two; more is somebody who means harm.
    private const int MaxConnections = 64;

    private readonly WebApplication _app;
    private readonly MetricsText? _metrics;

    private HealthServer(WebApplication app, MetricsText? metrics, IPEndPoint endPoint)
    {
        _app = app;
        _metrics = metrics;
        LocalEndPoint = endPoint;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Starts.</summary>
    /// <param name="endPoint">Where; port 0 takes a free one.</param>
    /// <param name="sources">The roles of the process.</param>
    /// <param name="hasMetrics">Whether <c>GET /metrics</c> is served.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <exception cref="IOException">It can't listen there.</exception>
    public static async Task<HealthServer> StartAsync(IPEndPoint endPoint, IReadOnlyList<IHealthSource> sources, bool hasMetrics, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "uem-health" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(endPoint, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddRoutingCore();
        builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        builder.Services.TryAddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallerLifetime>());
        var app = builder.Build();
        HealthEndpoints.Map(app, sources);
        var metrics = hasMetrics ? new MetricsText() : null;
        if (metrics is not null)
        {
            app.MapGet("/metrics", () => Results.Text(metrics.Read(), MetricsText.ContentType));
        }

        try
        {
            await app.StartAsync();
            var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            var port = new Uri(address).Port;
            return new HealthServer(app, metrics, new IPEndPoint(endPoint.Address, port));
        }
        catch
        {
            metrics?.Dispose();
            await app.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _metrics?.Dispose();
    }

    // The caller's disposal stops it; signals are the program's.
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
