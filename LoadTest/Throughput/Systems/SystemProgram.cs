namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>A program that a system needs.</summary>
/// <param name="Command">As it is called.</param>
/// <param name="Package">Debian's package with it.</param>
internal readonly record struct SystemProgram(string Command, string Package);
