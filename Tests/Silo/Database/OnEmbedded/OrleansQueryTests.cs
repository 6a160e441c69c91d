using System.Data;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Embedded.Storage;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Database;

public sealed partial class OrleansQueryTests
{
    /// <summary>A record of the embedded host is one of Orleans, and the other way round.</summary>
    [RequiresFact(Requirement.Postgres)]
    public async Task Storage_EmbeddedHost_SharesTheRows()
    {
        var grain = GrainId.Create("tenant", "a-tenant");
        var key = StorageKey.Of(grain);
        var opening = new StorageOpening("uem", TimeProvider.System, NullLogger.Instance);
        await using var embedded = await PostgresDatabase.OpenAsync(_database!, TimeSpan.FromSeconds(20), opening, CancellationToken.None);
        var state = new GrainState<int[]>([1, 2]);
        await embedded.Grains.WriteStateAsync("tenant", grain, state);

        List<(string, object?, DbType)> row =
        [
            ("GrainIdHash", key.Hash, DbType.Int32), ("GrainIdN0", key.N0, DbType.Int64), ("GrainIdN1", key.N1, DbType.Int64),
            ("GrainTypeHash", StableHash.Compute("tenant"u8), DbType.Int32), ("GrainTypeString", "tenant", DbType.String),
            ("GrainIdExtensionString", key.Text, DbType.String), ("ServiceId", "uem", DbType.String),
        ];
        Assert.Equal(("[1,2]", 1), await ReadAsync(row));
        Assert.Equal(2, await WriteAsync(row, 1, "[3]"));
        await embedded.Grains.ReadStateAsync("tenant", grain, state);
        Assert.Equal(("2", 3), (state.ETag, Assert.Single(state.State!)));
    }
}
