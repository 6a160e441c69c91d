using Microsoft.AspNetCore.Builder;
using OrleansUem.Silo.State;
#if !ORLEANS_HOST
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
#endif

namespace OrleansUem.Silo;

/// <summary>The one place that knows which engine runs the grains.</summary>
internal static class ActorHosting
{
#if ORLEANS_HOST
    /// <summary>Adds the Orleans silo.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloState state) =>
        throw new SiloStartException("This build has Orleans grains but no cluster storage configured; use the embedded build.");
#else
    /// <summary>Adds the one-process host on SQLite in the state directory.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloState state) =>
        builder.Services.AddEmbeddedActorHost(host =>
        {
            host.GrainAssemblies.Add(typeof(ITenantGrain).Assembly);
            host.GrainAssemblies.Add(typeof(GrainServices).Assembly);
            host.DatabasePath = state.DatabasePath;
        });
#endif
}
