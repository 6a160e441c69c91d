namespace OrleansUem.Embedded.Runtime;

/// <summary>Ends idle activations: one scan of the directory each quantum, no timer per grain.</summary>
internal sealed class Collector(ActorHost host) : TimerEntry
{
    internal void Start() => host.Timers.Set(this, host.Options.CollectionQuantum);

    internal override void Fire() =>
        ThreadPool.UnsafeQueueUserWorkItem(static collector => collector.ScanAndGoOn(), this, preferLocal: false);

    /// <summary>Advances the epoch and collects; an activation that was used in an epoch carries its number.</summary>
    internal int Scan()
    {
        host.NextEpoch();
        var collected = 0;
        foreach (var grainClass in host.Classes)
        {
            var ageEpochs = AgeEpochs(grainClass);
            if (ageEpochs == int.MaxValue)
            {
                continue;
            }

            foreach (var activation in grainClass.Activations)
            {
                collected += activation.TryCollect(ageEpochs) ? 1 : 0;
            }
        }

        host.Observers.Sweep();
        if (collected > 0)
        {
            ActorHostLog.Collected(host.Logger, collected);
        }

        return collected;
    }

    private void ScanAndGoOn()
    {
        Scan();
        if (host.IsServing)
        {
            Start();
        }
    }

    private int AgeEpochs(GrainClass grainClass)
    {
        if (grainClass.Description!.KeepsAlive)
        {
            return int.MaxValue;
        }

        var age = grainClass.Description.CollectionAge ?? host.Options.CollectionAge;
        var epochs = Math.Ceiling(age / host.Options.CollectionQuantum);
        return epochs >= int.MaxValue ? int.MaxValue : (int)epochs;
    }
}
