namespace OrleansUem.Silo.Inventory;

/// <summary>One statement, in the SQL that SQLite and PostgreSQL share.</summary>
/// <param name="Order">Statements of a batch run in this order, the same in every silo, so that two silos never wait for each other's rows.</param>
/// <param name="Text">SQL; one of few texts, so that it is worth keeping it prepared.</param>
/// <param name="Parameters">Values by name; text, numbers, booleans or null.</param>
internal sealed record InventoryStatement(string Order, string Text, IReadOnlyList<(string Name, object? Value)> Parameters);
