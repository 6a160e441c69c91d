namespace OrleansUem.Silo.Admin;

/// <summary>What is wrong with a field of an administrator's request.</summary>
/// <param name="Field">Its name, as in the JSON.</param>
/// <param name="Bound">The value and the bound that it breaks.</param>
internal sealed record FieldFault(string Field, string Bound);
