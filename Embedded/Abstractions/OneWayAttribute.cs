namespace OrleansUem.Embedded;

/// <summary>The caller does not wait: the returned task is complete at once and failures of the method are only logged.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
