namespace OrleansUem.Embedded;

/// <summary>Calls of one activation interleave at each await; two of them never run at the same moment.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;
