namespace OrleansUem.Silo.Admin;

/// <summary>An edge in the lists.</summary>
/// <param name="Id">Its name.</param>
/// <param name="IsLinked">Whether a silo has a link to it.</param>
/// <param name="IsRemoved">Whether an administrator removed it.</param>
/// <param name="Address">The network address of its last link.</param>
/// <param name="At">When it was so.</param>
public sealed record EdgeItem(string Id, bool IsLinked, bool IsRemoved, string Address, DateTimeOffset At);
