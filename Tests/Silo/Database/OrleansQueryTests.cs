using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Npgsql;
using OrleansUem.Silo.Database;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Database;

/// <summary>
/// The queries that Orleans' AdoNet providers look up in the database, run as those do: the same parameter names and types, the same reading of columns.
/// That the providers themselves are content is shown where Orleans builds.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class OrleansQueryTests(PostgresServer server) : IAsyncLifetime
{
    private const int Active = 3;
    private const int Dead = 6;
    private static readonly DateTime Noon = new(2026, 8, 1, 12, 0, 0, DateTimeKind.Utc);

    private NpgsqlDataSource? _database;
    private Dictionary<string, string> _queries = [];

    public async Task InitializeAsync()
    {
        if (server.SocketFolder.Length > 0)
        {
            _database = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
            await SchemaMigrations.ApplyAsync(_database, SchemaMigrations.All, CancellationToken.None);
            _queries = (await RunTextAsync("SELECT QueryKey, QueryText FROM OrleansQuery", []))
                .ToDictionary(static row => (string)row["QueryKey"]!, static row => (string)row["QueryText"]!);
        }
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    /// <summary>The keys of Orleans 10.4, for clustering, reminders and grain storage.</summary>
    [RequiresFact(Requirement.Postgres)]
    public void Keys_AreAllThere() => Assert.Equal(
        [
            "CleanupDefunctSiloEntriesKey", "ClearStorageKey", "DeleteMembershipTableEntriesKey", "DeleteReminderRowKey", "DeleteReminderRowsKey", "DeleteStorageKey",
            "GatewaysQueryKey", "InsertMembershipKey", "InsertMembershipVersionKey", "MembershipReadAllKey", "MembershipReadRowKey", "ReadFromStorageKey",
            "ReadRangeRows1Key", "ReadRangeRows2Key", "ReadReminderRowKey", "ReadReminderRowsKey", "UpdateIAmAlivetimeKey", "UpdateMembershipKey",
            "UpsertReminderRowKey", "WriteToStorageKey",
        ],
        _queries.Keys.Order(StringComparer.Ordinal));

    [RequiresFact(Requirement.Postgres)]
    public async Task Storage_WriteReadClear_FollowTheVersion()
    {
        var row = StorageParameters("tenant", "tenant-1");
        Assert.Empty(await RunAsync("ReadFromStorageKey", row));
        Assert.Equal(1, await WriteAsync(row, null, "one"));
        Assert.Null(await WriteAsync(row, null, "again without a version"));
        Assert.Equal(2, await WriteAsync(row, 1, "two"));
        Assert.Null(await WriteAsync(row, 1, "over an old version"));
        Assert.Equal(("two", 2), await ReadAsync(row));
        Assert.Empty(await RunAsync("ClearStorageKey", [.. row, ("GrainStateVersion", 1, DbType.Int32)]));
        Assert.Equal(3, (await RunAsync("ClearStorageKey", [.. row, ("GrainStateVersion", 2, DbType.Int32)])).Single()["NewGrainStateVersion"]);
        Assert.Equal((null, 3), await ReadAsync(row));
        Assert.Equal(4, await WriteAsync(row, 3, "after the clear"));
        Assert.Equal(5, (await RunAsync("DeleteStorageKey", [.. row, ("GrainStateVersion", 4, DbType.Int32)])).Single().Values.First());
        Assert.Empty(await RunAsync("ReadFromStorageKey", row));
    }

    /// <summary>Rows are one for each state, key and service, whatever the hashes say.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Storage_SameHashes_AreDifferentRows()
    {
        var rows = new[] { StorageParameters("a", "k"), StorageParameters("b", "k"), StorageParameters("a", "l"), StorageParameters("a", null, 1, 2), StorageParameters("a", null, 1, 3) };
        foreach (var (row, i) in rows.Select(static (row, i) => (row, i)))
        {
            Assert.Equal(1, await WriteAsync(row, null, i.ToString(CultureInfo.InvariantCulture)));
        }

        foreach (var (row, i) in rows.Select(static (row, i) => (row, i)))
        {
            Assert.Equal((i.ToString(CultureInfo.InvariantCulture), 1), await ReadAsync(row));
        }
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Storage_ManyFirstWritesAtOnce_OneWins()
    {
        var row = StorageParameters("race", "k");
        var versions = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => WriteAsync(row, null, $"{i}")));
        Assert.Single(versions, static version => version == 1);
        Assert.Equal(15, versions.Count(static version => version is null));
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Reminders_UpsertReadDelete_FollowTheVersion()
    {
        Assert.Equal(0, await UpsertAsync("g/1", "daily", 10, 86_400_000));
        Assert.Equal(1, await UpsertAsync("g/1", "daily", 10, 60_000));
        Assert.Equal(0, await UpsertAsync("g/1", "hourly", 10, 3_600_000_000));
        var rows = await RunAsync("ReadReminderRowsKey", [Service, ("GrainId", "g/1", DbType.String)]);
        Assert.Equal(["daily", "hourly"], rows.Select(static row => (string)row["ReminderName"]!).Order(StringComparer.Ordinal));
        var daily = (await RunAsync("ReadReminderRowKey", [Service, ("GrainId", "g/1", DbType.String), ("ReminderName", "daily", DbType.String)])).Single();
        Assert.Equal((Noon, 60_000L, 1), ((DateTime)daily["StartTime"]!, (long)daily["Period"]!, (int)daily["Version"]!));
        Assert.False(await DeleteAsync("g/1", "daily", 0));
        Assert.True(await DeleteAsync("g/1", "daily", 1));
        Assert.False(await DeleteAsync("g/1", "daily", 1));
        await RunAsync("DeleteReminderRowsKey", [Service]);
        Assert.Empty(await RunAsync("ReadReminderRowsKey", [Service, ("GrainId", "g/1", DbType.String)]));
    }

    /// <summary>Parts of the ring of hashes: the begin is outside, the end inside; the second query passes the ring's end.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Reminders_Ranges_CoverTheRingOnce()
    {
        foreach (var hash in new[] { int.MinValue, -10, 0, 10, int.MaxValue })
        {
            await UpsertAsync($"g/{hash}", "r", hash, 60_000);
        }

        Assert.Equal(["g/0", "g/10"], await RangeAsync("ReadRangeRows1Key", -10, 10));
        Assert.Equal(["g/-10", "g/-2147483648", "g/2147483647"], await RangeAsync("ReadRangeRows2Key", 10, -10));
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Membership_EveryChange_RaisesTheVersionOnce()
    {
        Assert.True(await IsTrueAsync("InsertMembershipVersionKey", [Deployment]));
        Assert.False(await IsTrueAsync("InsertMembershipVersionKey", [Deployment]));
        var empty = (await RunAsync("MembershipReadAllKey", [Deployment])).Single();
        Assert.Equal((0, null), ((int)empty["Version"]!, empty["StartTime"]));

        Assert.True(await InsertAsync(7, 0));
        Assert.False(await InsertAsync(8, 0));
        Assert.False(await InsertAsync(7, 1));
        Assert.True(await InsertAsync(8, 1));
        Assert.Equal([2, 2], (await RunAsync("MembershipReadAllKey", [Deployment])).Select(static row => (int)row["Version"]!));

        Assert.False(await UpdateAsync(7, Dead, 1));
        Assert.False(await UpdateAsync(9, Dead, 2));
        Assert.True(await UpdateAsync(7, Dead, 2));
        var row = (await RunAsync("MembershipReadRowKey", [Deployment, .. Silo(7)])).Single();
        Assert.Equal((3, Dead, "127.0.0.1", 11_111, 7), ((int)row["Version"]!, (int)row["Status"]!, (string)row["Address"]!, (int)row["Port"]!, (int)row["Generation"]!));
        Assert.Equal(("silo", "host", 30_000, "suspects"), ((string)row["SiloName"]!, (string)row["HostName"]!, (int)row["ProxyPort"]!, (string?)row["SuspectTimes"]));
        var missing = (await RunAsync("MembershipReadRowKey", [Deployment, .. Silo(99)])).Single();
        Assert.Equal((3, null), ((int)missing["Version"]!, missing["StartTime"]));
    }

    /// <summary>Of many silos that enter over one version one gets in; none is written without its version.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Membership_ManyInsertsOverOneVersion_OneWins()
    {
        await RunAsync("InsertMembershipVersionKey", [Deployment]);
        var entered = await Task.WhenAll(Enumerable.Range(1, 16).Select(generation => InsertAsync(generation, 0)));
        Assert.Single(entered, static isIn => isIn);
        Assert.Equal(1, (await RunAsync("MembershipReadAllKey", [Deployment])).Single()["Version"]);
    }

    [RequiresFact(Requirement.Postgres)]
    public async Task Membership_AliveGatewaysCleanup()
    {
        await RunAsync("InsertMembershipVersionKey", [Deployment]);
        await InsertAsync(1, 0);
        await InsertAsync(2, 1);
        await UpdateAsync(2, Dead, 2);
        await RunAsync("UpdateIAmAlivetimeKey", [Deployment, .. Silo(1), ("IAmAliveTime", Noon.AddHours(-1), DbType.DateTime)]);
        Assert.Equal(Noon.AddHours(-1), (DateTime)(await RunAsync("MembershipReadRowKey", [Deployment, .. Silo(1)])).Single()["IAmAliveTime"]!);

        var gateway = (await RunAsync("GatewaysQueryKey", [Deployment, ("Status", Active, DbType.Int32)])).Single();
        Assert.Equal(("127.0.0.1", 30_000, 1), ((string)gateway["Address"]!, (int)gateway["ProxyPort"]!, (int)gateway["Generation"]!));

        // The dead one was seen at noon; the active one earlier, and stays.
        await RunAsync("CleanupDefunctSiloEntriesKey", [Deployment, ("IAmAliveTime", Noon, DbType.DateTime)]);
        Assert.Equal(2, (await RunAsync("MembershipReadAllKey", [Deployment])).Count);
        await RunAsync("CleanupDefunctSiloEntriesKey", [Deployment, ("IAmAliveTime", Noon.AddSeconds(1), DbType.DateTime)]);
        Assert.Equal(1, (await RunAsync("MembershipReadAllKey", [Deployment])).Single()["Generation"]);
        await RunAsync("DeleteMembershipTableEntriesKey", [Deployment]);
        Assert.Empty(await RunAsync("MembershipReadAllKey", [Deployment]));
    }

    private static (string, object?, DbType) Service => ("ServiceId", "uem", DbType.String);

    private static (string, object?, DbType) Deployment => ("DeploymentId", "cluster", DbType.String);

    private static List<(string Name, object? Value, DbType Type)> Silo(int generation) =>
        [("Address", "127.0.0.1", DbType.String), ("Port", 11_111, DbType.Int32), ("Generation", generation, DbType.Int32)];

    private static List<(string Name, object? Value, DbType Type)> StorageParameters(string state, string? key, long n0 = 0, long n1 = 0) =>
    [
        ("GrainIdHash", 1, DbType.Int32), ("GrainIdN0", n0, DbType.Int64), ("GrainIdN1", n1, DbType.Int64), ("GrainTypeHash", 2, DbType.Int32),
        ("GrainTypeString", state, DbType.String), ("GrainIdExtensionString", key, DbType.String), ("ServiceId", "uem", DbType.String),
    ];

    private async Task<int?> WriteAsync(List<(string, object?, DbType)> row, int? version, string payload) =>
        (int?)(await RunAsync(
            "WriteToStorageKey",
            [.. row, ("GrainStateVersion", version, DbType.Int32), ("PayloadBinary", Encoding.UTF8.GetBytes(payload), DbType.Binary)])).SingleOrDefault()?["NewGrainStateVersion"];

    private async Task<(string? Payload, int Version)> ReadAsync(List<(string, object?, DbType)> row)
    {
        var found = (await RunAsync("ReadFromStorageKey", row)).Single();
        return (found["PayloadBinary"] is byte[] bytes ? Encoding.UTF8.GetString(bytes) : null, (int)found["Version"]!);
    }

    private async Task<int> UpsertAsync(string grain, string name, int hash, long period) => (int)(await RunAsync(
        "UpsertReminderRowKey",
        [
            Service, ("GrainHash", hash, DbType.Int32), ("GrainId", grain, DbType.String), ("ReminderName", name, DbType.String),
            ("StartTime", Noon, DbType.DateTime), ("Period", period <= int.MaxValue ? (int)period : period, period <= int.MaxValue ? DbType.Int32 : DbType.Int64),
        ])).Single()["Version"]!;

    private Task<bool> DeleteAsync(string grain, string name, int version) => IsTrueAsync(
        "DeleteReminderRowKey",
        [Service, ("GrainId", grain, DbType.String), ("ReminderName", name, DbType.String), ("Version", version, DbType.Int32)]);

    private async Task<IEnumerable<string>> RangeAsync(string query, int begin, int end) =>
        (await RunAsync(query, [Service, ("BeginHash", begin, DbType.Int32), ("EndHash", end, DbType.Int32)]))
            .Select(static row => (string)row["GrainId"]!).Order(StringComparer.Ordinal);

    private Task<bool> InsertAsync(int generation, int version) => IsTrueAsync(
        "InsertMembershipKey",
        [
            Deployment, ("IAmAliveTime", Noon, DbType.DateTime), ("SiloName", "silo", DbType.String), ("HostName", "host", DbType.String), .. Silo(generation),
            ("StartTime", Noon.AddHours(-2), DbType.DateTime), ("Status", Active, DbType.Int32), ("ProxyPort", 30_000, DbType.Int32), ("Version", version, DbType.Int32),
        ]);

    private Task<bool> UpdateAsync(int generation, int status, int version) => IsTrueAsync(
        "UpdateMembershipKey",
        [
            Deployment, .. Silo(generation), ("IAmAliveTime", Noon, DbType.DateTime), ("Status", status, DbType.Int32),
            ("SuspectTimes", "suspects", DbType.String), ("Version", version, DbType.Int32),
        ]);

    private async Task<bool> IsTrueAsync(string query, List<(string, object?, DbType)> parameters)
    {
        var row = (await RunAsync(query, parameters)).Single();
        return Convert.ToBoolean(Assert.Single(row.Values), CultureInfo.InvariantCulture);
    }

    private Task<List<Dictionary<string, object?>>> RunAsync(string query, List<(string, object?, DbType)> parameters) => RunTextAsync(_queries[query], parameters);

    private async Task<List<Dictionary<string, object?>>> RunTextAsync(string text, List<(string Name, object? Value, DbType Type)> parameters)
    {
        await using var connection = await _database!.OpenConnectionAsync();
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (name, value, type) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            parameter.DbType = type;
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Dictionary<string, object?>>();
        while (await reader.ReadAsync())
        {
            rows.Add(Enumerable.Range(0, reader.FieldCount).ToDictionary(
                reader.GetName, column => reader.IsDBNull(column) ? null : reader.GetValue(column), StringComparer.OrdinalIgnoreCase));
        }

        return rows;
    }
}
