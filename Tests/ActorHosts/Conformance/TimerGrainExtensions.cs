using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

internal static class TimerGrainExtensions
{
    private static int _lastName;

    /// <summary>A call that ends at once: whatever was queued at the grain before it has run.</summary>
    public static Task HoldOpenAsync(this ITimerGrain grain, string key)
    {
        var name = $"open{Interlocked.Increment(ref _lastName)}";
        Probe.Open(key, name);
        return grain.HoldAsync(name).WithinAsync(name);
    }
}
