using Microsoft.AspNetCore.Builder;
using OrleansUem.Silo.Database;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: Microsoft Orleans.</summary>
internal static class ActorHosting
{
    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloDatabase database) =>
        throw new SiloStartException("This build has Orleans grains but no cluster storage configured; use the embedded build.");
}
