using Microsoft.AspNetCore.Builder;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: Microsoft Orleans.</summary>
internal static class ActorHosting
{
    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloState state) =>
        throw new SiloStartException("This build has Orleans grains but no cluster storage configured; use the embedded build.");
}
