namespace OrleansUem.Embedded;

/// <summary>The method may interleave with any other call of the same activation.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
