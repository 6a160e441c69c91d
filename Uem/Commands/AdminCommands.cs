using System.CommandLine;
using OrleansUem.Protocol.Ids;
using OrleansUem.Silo.Admin;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem admin</c>: what an administrator asks of a silo on this machine, over its Unix socket.</summary>
internal static class AdminCommands
{
    public static Command Create() => new("admin", "Administer the installation through the silo's socket on this machine.")
    {
        CreateStatus(),
        CreateList("tenants", "List the tenants.", ListTenantsAsync),
        CreateList("nodes", "List the nodes.", async (admin, token) => PrintPeers(await admin.ListNodesAsync(limit: AdminLimits.MaxPageItems, cancellationToken: token))),
        CreateList("devices", "List the devices.", async (admin, token) => PrintPeers(await admin.ListDevicesAsync(limit: AdminLimits.MaxPageItems, cancellationToken: token))),
        CreateList("tunnels", "List the tunnels.", ListTunnelsAsync),
        CreateList("edges", "List the edges.", ListEdgesAsync),
        CreateInvite(),
        CreateEdgeToken(),
        CreateEdgeRemove(),
        CreateCut(),
        CreateInventory(),
    };

    private static Command CreateStatus() => CreateList("status", "Show what the installation carries now.", async (admin, cancellationToken) =>
    {
        var status = await admin.GetStatusAsync(cancellationToken);
        Console.WriteLine($"installation {status.Installation}");
        Console.WriteLine($"silo {status.Silo} on {status.ControlEndPoint}, since {status.StartedAt:u}; {status.EdgeLinks} edge link(s)");
        Console.WriteLine($"{status.Tenants} tenant(s), {status.NodesAttached} of {status.Nodes} node(s) and {status.DevicesAttached} of {status.Devices} device(s) attached, {status.TunnelsOpen} tunnel(s) open");
        if (status.InventoryDropped > 0)
        {
            Console.WriteLine($"{status.InventoryDropped} inventory row(s) were dropped since the start; lists lag");
        }
    });

    private static Command CreateInvite()
    {
        var relay = CommandOptions.HostPort("--relay", "the edge's address for nodes, as the node reaches it");
        var name = new Option<string?>("--name") { Description = "what the invitation is for, for the log", HelpName = "TEXT" };
        return Create("invite", "Print a uem://invite text with which one node registers its organisation.", [relay, name], async (parsed, admin, cancellationToken) =>
        {
            var (host, port) = CommandOptions.ReadHostPort("--relay", parsed.GetRequiredValue(relay));
            var text = await admin.InviteAsync(new InvitationRequest(host, port, parsed.GetValue(name)), cancellationToken);
            Console.WriteLine(text.Uri);
            await Console.Error.WriteLineAsync($"Good once, until {text.ExpiresAt:u}. Whoever has the text can register in its place.");
        });
    }

    private static Command CreateEdgeToken()
    {
        var edge = new Argument<string>("edge") { Description = "the edge's name" };
        var silo = CommandOptions.HostPort("--silo", "this silo's address, as the edge reaches it");
        var command = Create("edge-token", "Print a uem://join text with which one edge gets its certificate.", [silo], async (parsed, admin, cancellationToken) =>
        {
            var (host, port) = CommandOptions.ReadHostPort("--silo", parsed.GetRequiredValue(silo));
            var text = await admin.CreateEdgeTokenAsync(new EdgeTokenRequest(parsed.GetRequiredValue(edge), host, port), cancellationToken);
            Console.WriteLine(text.Uri);
            await Console.Error.WriteLineAsync($"Good once, until {text.ExpiresAt:u}. Whoever has the text can join in its place.");
        });
        command.Add(edge);
        return command;
    }

    private static Command CreateEdgeRemove()
    {
        var edge = new Argument<string>("edge") { Description = "the edge's name" };
        var command = Create("edge-remove", "Remove an edge: its certificate links no more, and its links end.", [], async (parsed, admin, cancellationToken) =>
        {
            var removed = await admin.RemoveEdgeAsync(parsed.GetRequiredValue(edge), cancellationToken);
            Console.WriteLine($"edge {parsed.GetRequiredValue(edge)} removed; {removed.LinksEnded} link(s) ended");
        });
        command.Add(edge);
        return command;
    }

    private static Command CreateInventory() => new("inventory", "Look after the lists.")
    {
        CreateList("rebuild", "Read the lists again from the grains' storage; who is attached is asked of the edges.", async (admin, cancellationToken) =>
        {
            var rebuilt = await admin.RebuildInventoryAsync(cancellationToken);
            Console.WriteLine($"{rebuilt.Rows} row(s) read from the grains, {rebuilt.Removed} without a grain removed");
            if (rebuilt.Unreadable > 0)
            {
                Console.WriteLine($"{rebuilt.Unreadable} stored state(s) can't be read by this program; their rows stay as they were. See the silo's log");
            }

            if (!rebuilt.IsPresenceCertain)
            {
                Console.WriteLine("not every edge answered: sessions are listed as they were");
            }
        }),
    };

    private static Command CreateCut()
    {
        var tenant = new Option<string?>("--tenant") { Description = "the tenant's id; may be left out while there is one tenant", HelpName = "ID" };
        var device = new Option<string?>("--device") { Description = "the device", HelpName = "NAME" };
        var node = new Option<string?>("--node") { Description = "the node", HelpName = "NAME" };
        var certificate = new Option<string?>("--certificate") { Description = "SHA-256 of one certificate", HelpName = "HEX" };
        var action = new Option<string?>("--action")
        {
            Description = "end: sessions end, the peer may come back; block: and it is kept out; allow: takes a block back; revoke: the certificate (default: block, or revoke with --certificate)",
        };
        action.AcceptOnlyFromAmong("end", "block", "allow", "revoke");
        return Create("cut", "End the sessions and tunnels of a device, node, certificate or tenant at once.", [tenant, device, node, certificate, action], async (parsed, admin, cancellationToken) =>
        {
            var request = new CutRequest(
                parsed.GetValue(tenant) ?? await OnlyTenantAsync(admin, cancellationToken),
                parsed.GetValue(device),
                parsed.GetValue(node),
                parsed.GetValue(certificate),
                parsed.GetValue(action));
            var cut = await admin.CutAsync(request, cancellationToken);
            Console.WriteLine($"done; {cut.EdgesAcknowledged} of {cut.EdgesTold} linked edge(s) applied it");
        });
    }

    private static async Task<string> OnlyTenantAsync(AdminConnection admin, CancellationToken cancellationToken)
    {
        var tenants = await admin.ListTenantsAsync(limit: 2, cancellationToken: cancellationToken);
        return tenants.Items.Count switch
        {
            1 => tenants.Items[0].Id,
            0 => throw new InvalidOperationException("There is no tenant yet."),
            _ => throw new InvalidOperationException("There are several tenants; say which with --tenant (uem admin tenants lists them)."),
        };
    }

    private static async Task ListTenantsAsync(AdminConnection admin, CancellationToken cancellationToken)
    {
        var page = await admin.ListTenantsAsync(limit: AdminLimits.MaxPageItems, cancellationToken: cancellationToken);
        TextTable.Write(["TENANT", "NAME", "STATE"], page.Items.Select(item => new[] { item.Id, item.Name, item.IsCut ? "cut" : "" }), page.Next is not null);
    }

    private static async Task ListTunnelsAsync(AdminConnection admin, CancellationToken cancellationToken)
    {
        var page = await admin.ListTunnelsAsync(limit: AdminLimits.MaxPageItems, cancellationToken: cancellationToken);
        TextTable.Write(
            ["TENANT", "DEVICE", "TUNNEL", "STATE", "NODE", "PATH", "BYTES UP", "BYTES DOWN", "DROPPED", "END"],
            page.Items.Select(item => new[]
            {
                Short(item.Tenant), item.Device, $"{item.TunnelId}", item.Phase.ToLowerInvariant(), item.Node, PathOf(item), $"{item.BytesUp}", $"{item.BytesDown}", $"{item.Dropped}", item.EndReason,
            }),
            page.Next is not null);
    }

    private static async Task ListEdgesAsync(AdminConnection admin, CancellationToken cancellationToken)
    {
        var page = await admin.ListEdgesAsync(limit: AdminLimits.MaxPageItems, cancellationToken: cancellationToken);
        TextTable.Write(
            ["EDGE", "STATE", "ADDRESS", "SINCE"],
            page.Items.Select(item => new[] { item.Id, item.IsRemoved ? "removed" : item.IsLinked ? "linked" : "not linked", item.Address, $"{item.At:u}" }),
            page.Next is not null);
    }

    private static void PrintPeers(Page<PeerItem> page) => TextTable.Write(
        ["TENANT", "NAME", "STATE", "EDGE", "ADDRESS", "PATH", "SOFTWARE", "CERTIFICATE ENDS", "AT"],
        page.Items.Select(item => new[]
        {
            Short(item.Tenant), item.Name, item.IsBlocked ? "blocked" : item.Edge is null ? $"away {item.LastEnd}".TrimEnd() : "attached", item.Edge ?? "", item.Address, item.Edge is null ? "" : item.Transport, item.Software, $"{item.CertificateEnds:u}", $"{item.At:u}",
        }),
        page.Next is not null);

    // From the device to the node; a hop of which no edge has reported yet is a dash.
    private static string PathOf(TunnelItem item) => item.Phase == "Closed"
        ? ""
        : $"{(item.DevicePath.Length > 0 ? item.DevicePath : "-")}/{(item.NodePath.Length > 0 ? item.NodePath : "-")}";

    private static string Short(string tenant) => TenantId.TryParse(tenant, out var id) ? id.Short : tenant;

    private static Command CreateList(string name, string description, Func<AdminConnection, CancellationToken, Task> list) =>
        Create(name, description, [], (_, admin, cancellationToken) => list(admin, cancellationToken));

    private static Command Create(
        string name, string description, IReadOnlyList<Option> options, Func<ParseResult, AdminConnection, CancellationToken, Task> body)
    {
        var state = CommandOptions.State("the silo's (or uem up's)");
        var command = new Command(name, description) { state };
        foreach (var option in options)
        {
            command.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var admin = AdminConnection.ToState(UpCommand.SiloStateIn(parsed.GetRequiredValue(state)));
                await body(parsed, admin, cancellationToken);
            },
            cancellationToken));
        return command;
    }
}
