using System.Collections.Concurrent;
using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>One grain class in one host, with the directory of its activations. Observers form a class of their own.</summary>
internal sealed class GrainClass
{
    /// <summary>Serves the constructors that take nothing.</summary>
    internal static readonly GrainConstruction NoArguments = new(null!);

    private readonly ConcurrentDictionary<string, Activation> _directory = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WorkerGroup>? _workers;

    internal GrainClass(ActorHost host, GrainClassDescription? description, string grainType)
    {
        Host = host;
        Description = description;
        GrainType = GrainType.Create(grainType);
        CachesActivations = true;
        MayInline = host.MayInline;
        if (description is null)
        {
            return;
        }

        if (description.StatelessWorkers != 0)
        {
            _workers = new ConcurrentDictionary<string, WorkerGroup>(StringComparer.Ordinal);
            CachesActivations = false;
        }

        MayInline &= !typeof(IIncomingGrainCallFilter).IsAssignableFrom(description.ClassType);
        MayInterleaveAny = description.IsReentrant || description.MayInterleave is not null;
        HasOnActivate = description.HasOnActivate;
        HasOnDeactivate = description.HasOnDeactivate;
        HasEndWork = HasOnDeactivate
            || typeof(IDisposable).IsAssignableFrom(description.ClassType)
            || typeof(IAsyncDisposable).IsAssignableFrom(description.ClassType);
        NeedsScope = description.Services.Any(host.IsScoped);
        TakesArguments = description.Services.Length > 0 || description.StateNames.Length > 0 || NeedsScope;
    }

    internal ActorHost Host { get; }

    internal GrainClassDescription? Description { get; }

    internal GrainType GrainType { get; }

    internal bool CachesActivations { get; }

    internal bool MayInline { get; }

    internal bool MayInterleaveAny { get; }

    internal bool HasOnActivate { get; }

    internal bool HasOnDeactivate { get; }

    /// <summary>Something must run when an activation ends.</summary>
    internal bool HasEndWork { get; }

    internal bool NeedsScope { get; }

    internal bool TakesArguments { get; }

    internal int Count => _directory.Count + (_workers?.Values.Sum(static group => group.Count) ?? 0);

    internal IEnumerable<Activation> Activations => _workers is null
        ? _directory.Select(static pair => pair.Value)
        : _workers.SelectMany(static pair => pair.Value.Snapshot());

    internal bool IsObserver => Description is null;

    /// <summary>The object that calls go to; null for an observer that was collected.</summary>
    internal object? TargetOf(Activation activation) =>
        IsObserver ? ((WeakReference)activation.Instance!).Target : activation.Instance;

    internal bool MayInterleave(Request request) =>
        MayInterleaveAny && (Description!.IsReentrant || Description.MayInterleave!(request));

    internal Activation Resolve(string key)
    {
        if (_workers is not null)
        {
            var limit = Description!.StatelessWorkers;
            return _workers.GetOrAdd(key, static _ => new WorkerGroup())
                .Pick(this, key, limit < 0 ? Environment.ProcessorCount : limit);
        }

        while (true)
        {
            if (_directory.TryGetValue(key, out var activation))
            {
                if (!activation.IsDead)
                {
                    return activation;
                }

                // It is about to leave; a new one must not wait for that.
                Remove(activation);
            }

            activation = IsObserver
                ? Activation.OfObserver(this, key, new WeakReference(null))
                : new Activation(this, key);
            if (IsObserver || _directory.TryAdd(key, activation))
            {
                return activation;
            }
        }
    }

    internal void Add(Activation activation) => _directory[activation.Key] = activation;

    internal void Remove(Activation activation)
    {
        if (_workers is not null)
        {
            if (_workers.TryGetValue(activation.Key, out var group))
            {
                group.Remove(activation);
            }

            return;
        }

        _directory.TryRemove(new KeyValuePair<string, Activation>(activation.Key, activation));
    }

    internal void RemoveKey(string key) => _directory.TryRemove(key, out _);
}
