namespace OrleansUem.Tests.Embedded.Conformance;

/// <summary>An observer.</summary>
public interface IWatcher : IGrainObserver
{
    Task SeenAsync(int number);

    void Told(int number);
}
