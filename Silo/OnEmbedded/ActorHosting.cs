using Microsoft.AspNetCore.Builder;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Silo.Database;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: the one-process host on the installation's database.</summary>
internal static class ActorHosting
{
    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloDatabase database) =>
        builder.Services.AddEmbeddedActorHost(host =>
        {
            host.GrainAssemblies.Add(typeof(ITenantGrain).Assembly);
            host.GrainAssemblies.Add(typeof(GrainServices).Assembly);
            host.Storage = database switch
            {
                PostgresSiloDatabase postgres => ActorStorage.Postgres(postgres.Source),
                SqliteSiloDatabase sqlite => ActorStorage.Sqlite(sqlite.GrainsPath),
                _ => throw new ArgumentException($"{database.GetType().Name} is no database for grains.", nameof(database)),
            };
        });
}
