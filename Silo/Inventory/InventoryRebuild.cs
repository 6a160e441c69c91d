using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansUem.Embedded.Storage;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Invitations;
using OrleansUem.Grains.Sessions;
using OrleansUem.Grains.Tenants;
using OrleansUem.Grains.Tunnels;
using OrleansUem.Protocol.Ids;
using OrleansUem.Silo.Admin;

namespace OrleansUem.Silo.Inventory;

/// <summary>
/// Reads the inventory again from the stored states of all grains, in pages and without waking them; who is attached is asked of the edges, a page at a time.
/// What grains tell meanwhile wins. Done on an administrator's word, after rows were dropped, and at the start on tables that are empty.
/// </summary>
internal sealed partial class InventoryRebuild(
    InventoryStore store, InventoryQueue queue, InventoryReader reader, GrainStateRows states, IGrainFactory grains, TimeProvider time, ILogger<InventoryRebuild> logger)
    : IHostedService, IDisposable
{
    private static readonly string[] Tables = ["inventory_tenants", "inventory_peers", "inventory_tunnels", "inventory_edges", "inventory_invitations"];

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Reads all.</summary>
    /// <exception cref="DbException">The database failed; rows that were read are in, the others as they were.</exception>
    public async Task<InventoryRebuilt> RunAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var round = new Round(time.GetUtcNow() + await queue.CompareClockAsync(cancellationToken));
            await ReadAsync<TenantState>("tenant", round, (key, state, at) => InventoryRestores.Tenant(key, state, at), cancellationToken);
            await ReadAsync<EdgeState>("edge", round, (key, state, at) => InventoryRestores.Edge(key, state, at), cancellationToken);
            await ReadAsync<InvitationState>("invitation", round, (key, state, at) => InventoryRestores.Invitation(key, state, at), cancellationToken);
            await ReadAsync<TunnelState>("tunnel", round, (key, state, at) => InventoryRestores.Tunnel(key, state, at), cancellationToken);
            await ReadPeersAsync(PeerRole.Device, "device", round, cancellationToken);
            await ReadPeersAsync(PeerRole.Node, "node", round, cancellationToken);

            // Only when every state was understood: a row may stand for one that was not.
            var removed = round.Unreadable == 0 ? await RemoveOlderAsync(round.Start, cancellationToken) : 0;
            LogRebuilt(logger, round.Rows, round.Unreadable, removed);
            return new InventoryRebuilt(round.Rows, round.Unreadable, round.IsPresenceCertain, removed);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        queue.CaughtUpIncomplete += Want;
        var counts = await reader.CountAsync(cancellationToken);
        if (counts is { Tenants: 0, Devices: 0, Nodes: 0 })
        {
            Want();
        }

        _running = Task.Run(RunWantedAsync, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.CaughtUpIncomplete -= Want;
        await _stopping.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _one.Dispose();
        _wanted.Dispose();
        _stopping.Dispose();
    }

    private void Want()
    {
        lock (_wanted)
        {
            if (_wanted.CurrentCount == 0)
            {
                _wanted.Release();
            }
        }
    }

    private async Task RunWantedAsync()
    {
        var token = _stopping.Token;
        try
        {
            while (true)
            {
                await _wanted.WaitAsync(token);
                try
                {
                    await RunAsync(token);
                }
                catch (Exception e) when (e is DbException or TimeoutException or IOException or OrleansException)
                {
                    LogFailed(logger, e);
                    Want();
                    await Task.Delay(Retry, time, token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: the silo stops.
        }
    }

    private async Task ReadAsync<T>(string name, Round round, Func<string, T, long, InventoryStatement?> restore, CancellationToken cancellationToken)
    {
        await foreach (var (at, page) in states.ReadAsync(name, ReadClockAsync, cancellationToken))
        {
            List<InventoryStatement> statements = [];
            foreach (var (key, state) in Decode<T>(page, round))
            {
                if (restore(key, state, at) is { } statement)
                {
                    statements.Add(statement);
                }
            }

            await WriteAsync(statements, round, cancellationToken);
        }
    }

    private async Task ReadPeersAsync(PeerRole role, string name, Round round, CancellationToken cancellationToken)
    {
        await foreach (var (at, page) in states.ReadAsync(name, ReadClockAsync, cancellationToken))
        {
            // The edges are asked later: whoever attached meanwhile has told a later row.
            List<(string Key, string Identity, AttachState State)> peers = [];
            foreach (var (key, state) in Decode<AttachState>(page, round))
            {
                if (GrainKeys.TryParsePeer(key, out var tenant, out var peer))
                {
                    peers.Add((key, new PeerIdentity(tenant, role, peer).ToString(), state));
                }
            }

            var found = await grains.GetGrain<IEdgeDirectoryGrain>(GrainKeys.Directory).LocateAsync([.. peers.Select(static peer => peer.Identity)]);
            var present = found.Found.ToDictionary(static peer => peer.Identity, static peer => peer.Session, StringComparer.Ordinal);
            var isCertain = found.EdgesAsked > 0 && found.EdgesAnswered == found.EdgesAsked;
            round.IsPresenceCertain &= isCertain;
            var statements = peers.Select(peer =>
            {
                // Only the newest session that was accepted counts; any other is being fenced.
                var session = present.TryGetValue(peer.Identity, out var there) && there == peer.State.Last ? there : null;
                return InventoryRestores.Peer(role, peer.Key, peer.State, at, isCertain || session is not null, session);
            });
            await WriteAsync([.. statements], round, cancellationToken);
        }
    }

    private async Task<long> ReadClockAsync(CancellationToken cancellationToken) =>
        (time.GetUtcNow() + await queue.CompareClockAsync(cancellationToken)).ToUnixTimeMilliseconds();

    private IEnumerable<(string Key, T State)> Decode<T>(IReadOnlyList<StoredGrain> page, Round round)
    {
        foreach (var row in page)
        {
            T? state;
            try
            {
                state = GrainStateJson.Deserialize<T>(row.Json);
            }
            catch (JsonException e)
            {
                round.Unreadable++;
                LogUnreadable(logger, e, typeof(T).Name);
                continue;
            }

            if (state is not null)
            {
                yield return (row.Key, state);
            }
        }
    }

    private async Task WriteAsync(List<InventoryStatement> statements, Round round, CancellationToken cancellationToken)
    {
        foreach (var chunk in statements.Chunk(InventoryQueue.MaxBatch))
        {
            await store.WriteAsync(chunk, cancellationToken);
        }

        round.Rows += statements.Count;
    }

    private async Task<int> RemoveOlderAsync(DateTimeOffset start, CancellationToken cancellationToken)
    {
        var before = start.ToUnixTimeMilliseconds();
        return await store.WriteAsync(
            [.. Tables.Select(table => new InventoryStatement(table, $"DELETE FROM {table} WHERE at < @before", [("before", before)]))], cancellationToken);
    }

    [LoggerMessage(4043, LogLevel.Information, "The inventory was read again from the grains: {Rows} rows, {Unreadable} states not readable, {Removed} rows without a grain removed.")]
    private static partial void LogRebuilt(ILogger logger, int rows, int unreadable, int removed);

    [LoggerMessage(4044, LogLevel.Warning, "Reading the inventory again from the grains failed; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(4045, LogLevel.Error, "A stored {State} can't be read.")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, string state);

    private sealed class Round(DateTimeOffset start)
    {
        public DateTimeOffset Start => start;

        public int Rows { get; set; }

        public int Unreadable { get; set; }

        public bool IsPresenceCertain { get; set; } = true;
    }
}
