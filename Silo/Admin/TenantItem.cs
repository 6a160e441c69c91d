namespace OrleansUem.Silo.Admin;

/// <summary>A tenant in the lists.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="IsCut">Whether it is cut off.</param>
/// <param name="At">When it was so.</param>
public sealed record TenantItem(string Id, string Name, bool IsCut, DateTimeOffset At);
