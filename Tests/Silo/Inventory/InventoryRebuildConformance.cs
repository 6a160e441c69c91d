using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>The lists of a whole silo, lost and read again from the grains' storage.</summary>
public abstract class InventoryRebuildConformance : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-rebuild-");

    private protected string State => Path.Combine(_folder.FullName, "s");

    private protected string FolderOfFiles => _folder.FullName;

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [SuiteFact]
    public async Task Rebuild_TablesLost_ListsAreAsBefore()
    {
        SiloInit.Create(State, "silo-1", _time);
        var databaseFile = await PrepareAsync();
        await using var silo = await SiloUnderTest.StartAsync(_time, State, databaseFile, keepsDirectory: true);
        await using var edge = await silo.LinkAsync("edge-1");
        using var tenant = new TestAuthority(now: _time.GetUtcNow());
        var registered = await edge.RegisterAsync(await silo.InviteAsync(), tenant.Authority);
        var tag = registered.TenantTag.ToByteArray();
        using var node = tenant.Issue(PeerRole.Node, "node-1");
        using var phone = tenant.Issue(PeerRole.Device, "phone");
        using var blocked = tenant.Issue(PeerRole.Device, "blocked");
        await edge.AttachAsync(node, tag, 3);
        await edge.AttachAsync(phone, tag, 7);
        await edge.AttachAsync(blocked, tag, 2);
        await silo.Admin.CutAsync(new CutRequest(tenant.Id.Text, "blocked", null, null, "block"));
        await silo.Admin.RemoveEdgeAsync("edge-2");
        await silo.WrittenAsync();
        var before = await ReadAsync(silo.Admin);
        Assert.Equal(["blocked: blocked, away, ", "phone: , edge-1, 7"], before.Devices);

        await LoseAsync();
        Assert.Empty((await ReadAsync(silo.Admin)).Devices);
        var asked = edge.OnAsked;
        edge.OnAsked = request => request.BodyCase == ControlRequest.BodyOneofCase.Locate ? Locate(request, (node, 1, 3), (phone, 2, 7)) : asked(request);
        var rebuilt = await silo.Admin.RebuildInventoryAsync();
        Assert.True(rebuilt is { Unreadable: 0, IsPresenceCertain: true, Rows: >= 7 }, rebuilt.ToString());
        var after = await ReadAsync(silo.Admin);
        Assert.Equal(before.Tenants, after.Tenants);
        Assert.Equal(before.Devices, after.Devices);
        Assert.Equal(before.Nodes, after.Nodes);
        Assert.Equal(["edge-1: False", "edge-2: True"], after.Edges);
    }

    /// <summary>A row without a grain goes; what a grain told since the reading began stays as it was told.</summary>
    [SuiteFact]
    public async Task Rebuild_RowWithoutAGrain_IsRemoved()
    {
        SiloInit.Create(State, "silo-1", _time);
        var databaseFile = await PrepareAsync();
        await using var silo = await SiloUnderTest.StartAsync(_time, State, databaseFile, keepsDirectory: true);
        await using var edge = await silo.LinkAsync("edge-1");
        await silo.WrittenAsync();
        await RunAsync("INSERT INTO inventory_tenants (id, at, version, name, is_cut) VALUES ('ghost', 1, 0, 'ghost', " + False + ")");
        Assert.Equal(1, (await silo.Admin.RebuildInventoryAsync()).Removed);
        Assert.Empty((await silo.Admin.ListTenantsAsync()).Items);
        Assert.Equal("edge-1", Assert.Single((await silo.Admin.ListEdgesAsync()).Items).Id);
    }

    /// <summary>Makes the database.</summary>
    /// <returns>The file that names it; null for SQLite.</returns>
    private protected abstract Task<string?> PrepareAsync();

    /// <summary>Runs SQL on the inventory's tables, beside the silo.</summary>
    private protected abstract Task RunAsync(string text);

    private protected abstract string False { get; }

    private async Task LoseAsync()
    {
        foreach (var table in new[] { "tenants", "peers", "tunnels", "edges", "invitations" })
        {
            await RunAsync("DELETE FROM inventory_" + table);
        }
    }

    private static ControlAnswer Locate(ControlRequest request, params (PeerCredentials Peer, ulong SessionId, ulong Generation)[] present)
    {
        var located = new Located();
        foreach (var (peer, session, generation) in present.Where(there => request.Locate.Identities.Contains(there.Peer.Identity.ToString())))
        {
            located.Present.Add(new Presence { Identity = peer.Identity.ToString(), SessionId = session, Generation = generation });
        }

        return new ControlAnswer { Located = located };
    }

    private static async Task<(string[] Tenants, string[] Nodes, string[] Devices, string[] Edges)> ReadAsync(AdminConnection admin) => (
        [.. (await admin.ListTenantsAsync()).Items.Select(static item => $"{item.Id}: {item.Name}, {item.IsCut}")],
        [.. (await admin.ListNodesAsync()).Items.Select(Describe)],
        [.. (await admin.ListDevicesAsync()).Items.Select(Describe)],
        [.. (await admin.ListEdgesAsync()).Items.Select(static item => $"{item.Id}: {item.IsRemoved}")]);

    private static string Describe(PeerItem item) => $"{item.Name}: {(item.IsBlocked ? "blocked" : "")}, {item.Edge ?? "away"}, {item.Generation}";
}
