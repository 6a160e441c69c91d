namespace OrleansUem.Tests.Kit;

/// <summary>One line that a program wrote.</summary>
public readonly record struct ProcessLine(string Text, bool IsError);
