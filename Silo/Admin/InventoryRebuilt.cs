namespace OrleansUem.Silo.Admin;

/// <summary>What a rebuild of the inventory found in the grains' storage.</summary>
/// <param name="Rows">Rows that were read.</param>
/// <param name="Unreadable">Of these, states that this program can't read; their rows stay as they were.</param>
/// <param name="IsPresenceCertain">Whether every edge said who is attached; else sessions stay as they were listed.</param>
/// <param name="Removed">Rows without a grain behind them, taken out.</param>
public sealed record InventoryRebuilt(int Rows, int Unreadable, bool IsPresenceCertain, int Removed);
