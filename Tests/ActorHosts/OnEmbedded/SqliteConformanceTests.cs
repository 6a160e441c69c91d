using OrleansUem.Tests.ActorHosts.Conformance;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite with the grains' states and reminders in an SQLite file.</summary>
public sealed class SqliteConformanceTests : ActorHostConformance
{
    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters)
    {
        var folder = Directory.CreateTempSubdirectory("uem-conformance-");
        return await ActorHostFixture.StartAsync(
            options => options.Storage = ActorStorage.Sqlite(Path.Combine(folder.FullName, "grains.db")),
            services => NotingFilter.Add(services, filters),
            disposeStorage: () =>
            {
                folder.Delete(recursive: true);
                return ValueTask.CompletedTask;
            });
    }
}
