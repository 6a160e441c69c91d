namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A running actor host with the conformance grains, whichever host it is.</summary>
public interface IActorHostFixture : IAsyncDisposable
{
    IGrainFactory Grains { get; }

    /// <summary>Lets time pass for the host: virtual time where it has one, else by waiting.</summary>
    Task PassTimeAsync(TimeSpan span);

    /// <summary>Ends all activations, as an idle collection or a restart would.</summary>
    Task DeactivateAllAsync();
}
