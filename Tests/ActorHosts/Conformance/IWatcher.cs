namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>An observer.</summary>
public interface IWatcher : IGrainObserver
{
    [ResponseTimeout("00:00:02")]
    Task SeenAsync(int number);

    Task FailAsync();

    void Told(int number);
}
