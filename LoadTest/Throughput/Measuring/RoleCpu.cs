using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Processor time of a system's roles from a moment on.</summary>
/// <param name="running">Its processes.</param>
internal sealed class RoleCpu(RunningSystem running)
{
    private readonly double[] _atStart = [.. running.Roles.Select(role => ProcessTree.CpuSeconds(role.Process.ProcessId))];

    /// <summary>Seconds of each role; a role of several processes stands there once each.</summary>
    public IReadOnlyList<(string Role, double Seconds)> SecondsSinceStart() =>
        [.. running.Roles.Select((role, i) => (role.Name, ProcessTree.CpuSeconds(role.Process.ProcessId) - _atStart[i]))];
}
