using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Edge;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Silo;
using OrleansUem.Transport.Health;
using Xunit;

namespace OrleansUem.Tests.Transport.Health;

/// <summary>What a load balancer and a scraper get over plain HTTP.</summary>
public sealed class HealthServerTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task Ready_FollowsTheSources_LiveStays()
    {
        var silo = new Source("silo");
        var edge = new Source("edge");
        await using var server = await HealthServer.StartAsync(AnyPort, [silo, edge], hasMetrics: false, NullLoggerFactory.Instance);
        Assert.Equal((200, """{"status":"ready","faults":[]}"""), await GetAsync(server, "/health/ready"));
        edge.Faults = [new HealthFault("drain", "It drains.")];
        Assert.Equal((503, """{"status":"not ready","faults":[{"role":"edge","check":"drain","detail":"It drains."}]}"""), await GetAsync(server, "/health/ready"));
        Assert.Equal((200, """{"status":"live"}"""), await GetAsync(server, "/health/live"));
        Assert.Equal(404, (await GetAsync(server, "/metrics")).Status);
        Assert.Equal(404, (await GetAsync(server, "/v1/status")).Status);
    }

    /// <summary>The whole way of an edge: no silo, a silo, draining; and a metric for every reason before anything was dropped.</summary>
    [Fact]
    public async Task Edge_SaysWhyItIsNotReady()
    {
        var fixture = await EdgeFixture.StartAsync();
        await using var server = await HealthServer.StartAsync(AnyPort, [fixture.Health], hasMetrics: true, NullLoggerFactory.Instance);
        Assert.Equal(200, (await GetAsync(server, "/health/ready")).Status);
        var metrics = (await GetAsync(server, "/metrics")).Body;
        foreach (var reason in Enum.GetValues<DropReason>().Where(static reason => reason != DropReason.Unspecified))
        {
            Assert.Contains($"uem_edge_frames_dropped_total{{reason=\"{reason}\"}} ", metrics, StringComparison.Ordinal);
        }

        fixture.Silo.BreakLink();
        await fixture.Silo.UntilUnlinkedAsync();
        await UntilNotReadyAsync(server).WithinAsync("the edge notices");
        Assert.Equal((503, "silo"), await FirstFaultAsync(server));
        await fixture.DisposeAsync();
        Assert.Equal((503, "drain"), await FirstFaultAsync(server));
        Assert.Equal(200, (await GetAsync(server, "/health/live")).Status);
    }

    [Fact]
    public async Task Silo_SocketAndListener_SayTheSame()
    {
        await using var silo = await SiloUnderTest.StartAsync();
        Assert.True(await silo.Admin.IsReadyAsync());
        var health = new OrleansUem.Silo.SiloHealth(new ManualTimeProvider());
        await using var server = await HealthServer.StartAsync(AnyPort, [health], hasMetrics: true, NullLoggerFactory.Instance);
        Assert.Equal((503, "start"), await FirstFaultAsync(server));
        Assert.Contains("uem_silo_inventory_rows_dropped_total{reason=\"QueueFull\"} ", (await GetAsync(server, "/metrics")).Body, StringComparison.Ordinal);
    }

    private static async Task UntilNotReadyAsync(HealthServer server)
    {
        while ((await GetAsync(server, "/health/ready")).Status == 200)
        {
        }
    }

    private static async Task<(int Status, string Check)> FirstFaultAsync(HealthServer server)
    {
        var (status, body) = await GetAsync(server, "/health/ready");
        return (status, JsonDocument.Parse(body).RootElement.GetProperty("faults")[0].GetProperty("check").GetString()!);
    }

    private static async Task<(int Status, string Body)> GetAsync(HealthServer server, string path)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"http://{server.LocalEndPoint}{path}"));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private sealed class Source(string role) : IHealthSource
    {
        public IReadOnlyList<HealthFault> Faults { get; set; } = [];

        public string Role => role;

        public ValueTask<IReadOnlyList<HealthFault>> FindFaultsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Faults);
    }
}
