using System.Collections.Concurrent;

namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class LifeGrain : Grain, ILifeGrain
{
    private static readonly ConcurrentDictionary<string, int> Activations = new();

    private int _number;

    /// <summary>A key with "fail" fails its first activation; one with "wait" waits at the gate "activate".</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        _number = Activations.AddOrUpdate(key, 1, static (_, count) => count + 1);
        Probe.Note(key, "activating");
        if (key.Contains("wait", StringComparison.Ordinal))
        {
            await Probe.GateAsync(key, "activate");
        }

        if (key.Contains("fail", StringComparison.Ordinal) && _number == 1)
        {
            throw new FormatException("activation " + key);
        }
    }

    public Task<int> NumberAsync() => Task.FromResult(_number);
}
