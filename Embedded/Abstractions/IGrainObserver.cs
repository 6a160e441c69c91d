namespace OrleansUem.Embedded;

/// <summary>The root of observer interfaces: objects outside of grains that grains call.</summary>
public interface IGrainObserver : IAddressable;
