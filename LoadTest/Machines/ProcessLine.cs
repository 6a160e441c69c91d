namespace OrleansUem.LoadTest.Machines;

/// <summary>One line that a program wrote.</summary>
public readonly record struct ProcessLine(string Text, bool IsError);
