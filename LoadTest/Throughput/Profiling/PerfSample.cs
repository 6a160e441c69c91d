namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>One sample of perf: where a thread was.</summary>
/// <param name="ProcessId">Of the process.</param>
/// <param name="Frames">From the innermost outwards.</param>
internal sealed record PerfSample(int ProcessId, IReadOnlyList<PerfFrame> Frames);
