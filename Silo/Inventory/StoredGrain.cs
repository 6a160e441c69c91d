namespace OrleansUem.Silo.Inventory;

/// <summary>A grain's stored state.</summary>
/// <param name="Key">The grain's key.</param>
/// <param name="Json">The state.</param>
internal readonly record struct StoredGrain(string Key, byte[] Json);
