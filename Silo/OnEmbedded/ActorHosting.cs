using Microsoft.AspNetCore.Builder;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: the one-process host on SQLite in the state directory.</summary>
internal static class ActorHosting
{
    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloState state) =>
        builder.Services.AddEmbeddedActorHost(host =>
        {
            host.GrainAssemblies.Add(typeof(ITenantGrain).Assembly);
            host.GrainAssemblies.Add(typeof(GrainServices).Assembly);
            host.DatabasePath = state.DatabasePath;
        });
}
