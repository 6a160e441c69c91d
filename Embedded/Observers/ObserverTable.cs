using System.Globalization;
using OrleansUem.Embedded.CodeGeneration;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Observers;

/// <summary>The observers of a host. They are held weakly; each has a mailbox of its own, so calls come one at a time and in order.</summary>
internal sealed class ObserverTable(ActorHost host)
{
    internal const string GrainTypeName = "sys.observer";

    private long _lastId;

    internal GrainClass Class { get; } = new(host, null, GrainTypeName);

    internal static TimeoutException Collected() =>
        new("The observer was deleted or collected: its owner must hold it while it is registered.");

    internal CallTarget Add(IGrainObserver observer)
    {
        var key = Interlocked.Increment(ref _lastId).ToString("X", CultureInfo.InvariantCulture);
        var activation = Activation.OfObserver(Class, key, new WeakReference(observer));
        Class.Add(activation);
        return activation.Target;
    }

    internal void Remove(CallTarget target)
    {
        var activation = target.Resolve();
        ((WeakReference)activation.Instance!).Target = null;
        Class.Remove(activation);
    }

    /// <summary>Forgets observers that were collected.</summary>
    internal void Sweep()
    {
        foreach (var activation in Class.Activations)
        {
            if (Class.TargetOf(activation) is null)
            {
                Class.Remove(activation);
            }
        }
    }
}
