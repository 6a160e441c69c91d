namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Stands for the result of a method that has none.</summary>
public readonly struct VoidResult;
