namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>Where the processor time of one role went.</summary>
/// <param name="Role">Its name.</param>
/// <param name="CpuSeconds">While it was sampled.</param>
/// <param name="Samples">All of its samples.</param>
internal sealed record RoleProfile(string Role, double CpuSeconds, IReadOnlyList<PerfSample> Samples);
