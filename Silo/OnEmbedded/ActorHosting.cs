using Microsoft.AspNetCore.Builder;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: the one-process host on the installation's database.</summary>
internal static class ActorHosting
{
    /// <summary>What the options lack or must not have in this build.</summary>
    public static IEnumerable<string> Check(SiloOptions options)
    {
        if (options.ClusterListen is not null || options.ClusterAdvertise is not null)
        {
            yield return "ClusterListen and ClusterAdvertise are for a cluster of silos, which needs a build with Orleans (-p:ActorHost=orleans); this one runs a single silo.";
        }
    }

    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloOptions options, SiloState state, SiloDatabase database, TimeProvider time) =>
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
