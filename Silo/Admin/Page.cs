namespace OrleansUem.Silo.Admin;

/// <summary>Part of a list.</summary>
/// <typeparam name="T">The items.</typeparam>
/// <param name="Items">In the order of their ids.</param>
/// <param name="Next">Goes into <c>after</c> of the next request; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
