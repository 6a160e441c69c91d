namespace OrleansUem.LoadTest.Micro;

/// <summary>One running actor host with the grains of the benchmarks.</summary>
internal interface IBenchHost : IAsyncDisposable
{
    /// <summary>Makes references, as callers in the silo's process do.</summary>
    IGrainFactory Grains { get; }

    /// <summary>Ends all activations and returns when they are gone.</summary>
    Task DeactivateAllAsync(CancellationToken cancellationToken);
}
