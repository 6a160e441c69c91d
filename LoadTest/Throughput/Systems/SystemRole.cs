using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>A process of a system whose processor time and memory count.</summary>
/// <param name="Name"><see cref="Device"/>, <see cref="Relay"/>, <see cref="Corp"/> or <see cref="Silo"/>.</param>
/// <param name="Process">It and its children.</param>
internal readonly record struct SystemRole(string Name, ChildProcess Process)
{
    public const string Device = "device";
    public const string Relay = "relay";
    public const string Corp = "corp";
    public const string Silo = "silo";

    public static IReadOnlyList<string> All { get; } = [Device, Relay, Corp, Silo];
}
