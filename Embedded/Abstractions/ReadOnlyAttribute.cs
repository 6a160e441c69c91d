namespace OrleansUem.Embedded;

/// <summary>The method changes no state: it may interleave with other read-only calls.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;
