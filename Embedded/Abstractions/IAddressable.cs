namespace OrleansUem.Embedded;

/// <summary>Anything that calls can be addressed to: grains and observers.</summary>
public interface IAddressable;
