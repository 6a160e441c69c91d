using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansUem.Embedded.CodeGeneration;
using OrleansUem.Embedded.Observers;
using OrleansUem.Embedded.Reminders;
using OrleansUem.Embedded.Storage;

namespace OrleansUem.Embedded.Runtime;

/// <summary>The host of one process: its classes, its directory, its timers and its storage.</summary>
internal sealed class ActorHost : IHostedService, IAsyncDisposable
{
    private readonly ServiceLifetimes _lifetimes;
    private readonly Dictionary<string, GrainClass> _classesByType = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, List<GrainClass>> _classesByInterface = [];
    private readonly Collector _collector;
    private IGrainStorage? _defaultStorage;
    private IStorageEngine? _storage;
    private GrainClass[] _classes = [];
    private int _epoch;
    private int _phase;

    public ActorHost(
        IServiceProvider services,
        IOptions<EmbeddedActorHostOptions> options,
        ServiceLifetimes lifetimes,
        TimeProvider time,
        ILogger<ActorHost> logger)
    {
        Services = services;
        Options = options.Value;
        Time = time;
        Logger = logger;
        _lifetimes = lifetimes;
        Timers = new TimerQueue(time);
        Timeouts = new ResponseTimeouts(Timers, time);
        Factory = new GrainFactory(this);
        Copier = new ArgumentCopier(Factory, Options.CopiesAlways);
        CopiesAlways = Options.CopiesAlways;
        InlineDepthMax = Options.InlineDepthMax;
        InlineCallsMax = Options.InlineCallsMax;
        QueuedRequestsMax = Options.QueuedRequestsMax;
        SlowCallStamps = ToStamps(Options.SlowCallThreshold);
        IncomingFilters = [.. services.GetServices<IIncomingGrainCallFilter>()];
        OutgoingFilters = [.. services.GetServices<IOutgoingGrainCallFilter>()];
        MayInline = !Options.QueuesAlways && IncomingFilters.Length == 0 && OutgoingFilters.Length == 0;
        Observers = new ObserverTable(this);
        Reminders = new ReminderService(this);
        _collector = new Collector(this);
    }

    private enum Phase
    {
        Created,
        Serving,
        Stopped,
    }

    internal IServiceProvider Services { get; }

    internal EmbeddedActorHostOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal TimerQueue Timers { get; }

    internal ResponseTimeouts Timeouts { get; }

    internal GrainFactory Factory { get; }

    internal GrainRegistry Registry { get; } = new();

    internal ArgumentCopier Copier { get; }

    internal ObserverTable Observers { get; }

    internal ReminderService Reminders { get; }

    internal IIncomingGrainCallFilter[] IncomingFilters { get; }

    internal IOutgoingGrainCallFilter[] OutgoingFilters { get; }

    internal bool MayInline { get; }

    internal bool CopiesAlways { get; }

    internal int InlineDepthMax { get; }

    internal int InlineCallsMax { get; }

    internal int QueuedRequestsMax { get; }

    internal long SlowCallStamps { get; }

    internal bool IsServing => _phase == (int)Phase.Serving;

    internal int Epoch => _epoch;

    internal GrainClass[] Classes => _classes;

    internal int ActivationCount => _classes.Sum(static grainClass => grainClass.Count);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        EmbeddedActorHostOptionsValidator.Check(Options);
        foreach (var assembly in Options.GrainAssemblies.Distinct())
        {
            Registry.AddAssembly(assembly);
        }

        AddClasses();
        _storage = await Options.Storage.OpenAsync(new StorageOpening(Options.ServiceId, Time, Logger), cancellationToken);
        _defaultStorage = Services.GetService<IGrainStorage>() ?? _storage.Grains;
        _phase = (int)Phase.Serving;
        await Reminders.StartAsync(Services.GetService<IReminderTable>() ?? _storage.Reminders, cancellationToken);
        _collector.Start();
        ActorHostLog.Started(Logger, _classes.Length, Registry.Interfaces.Count, Reminders.Count);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_phase != (int)Phase.Serving)
        {
            return;
        }

        Timers.Cancel(_collector);
        Reminders.Stop();
        using var limit = new CancellationTokenSource(Options.StopTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await DeactivateAllAsync(DeactivationReasonCode.ShuttingDown, either.Token);
        _phase = (int)Phase.Stopped;
        ActorHostLog.Stopped(Logger, ActivationCount);
        Timeouts.FailAll(Unavailable());
        Timers.Dispose();
        await CloseStorageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        Timers.Dispose();
        await CloseStorageAsync();
    }

    /// <summary>Ends all activations, also those that the endings start, until none is left or the token is cancelled.</summary>
    internal async Task DeactivateAllAsync(DeactivationReasonCode code, CancellationToken cancellationToken)
    {
        var reason = new DeactivationReason(code, "All activations of the host are ended.");
        while (!cancellationToken.IsCancellationRequested)
        {
            var activations = _classes.SelectMany(static grainClass => grainClass.Activations).ToArray();
            if (activations.Length == 0)
            {
                return;
            }

            var endings = new List<Task>(activations.Length);
            foreach (var activation in activations)
            {
                if (activation.TryCollect(-1, reason))
                {
                    continue;
                }

                endings.Add(activation.Deactivated);
                activation.Deactivate(reason, cancellationToken);
            }

            try
            {
                await Task.WhenAll(endings).WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // Expected when a grain does not end in time; the count that is left is logged.
                return;
            }
        }
    }

    internal int Collect() => _collector.Scan();

    internal void NextEpoch() => _epoch++;

    internal long ToStamps(TimeSpan span) => (long)(span.TotalSeconds * Time.TimestampFrequency);

    internal SiloUnavailableException Unavailable() => new(_phase == (int)Phase.Created
        ? "The actor host is not started."
        : "The actor host is stopped.");

    internal IServiceScope CreateScope() => Services.CreateScope();

    internal bool IsScoped(Type service) => _lifetimes.NeedsScope(service);

    internal IGrainStorage FindStorage(string? name) =>
        (name is null ? null : Services.GetKeyedService<IGrainStorage>(name)) ?? _defaultStorage!;

    internal GrainClass FindClass(GrainType type)
    {
        if (type.Value == ObserverTable.GrainTypeName)
        {
            return Observers.Class;
        }

        return _classesByType.TryGetValue(type.Value, out var found)
            ? found
            : throw new ArgumentException($"No grain class has the type '{type}'.");
    }

    internal GrainClass FindClass(Type interfaceType, string? classNamePrefix)
    {
        if (!_classesByInterface.TryGetValue(interfaceType, out var found))
        {
            throw new ArgumentException(
                IsServing ? $"No grain class implements {interfaceType.FullName}." : Unavailable().Message);
        }

        if (found.Count == 1 && classNamePrefix is null)
        {
            return found[0];
        }

        // Several classes: the prefix of the class name decides, else the name of the interface without its I.
        var matches = classNamePrefix is not null
            ? found.Where(c => c.Description!.ClassType.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal)
                || c.Description.ClassType.Name.StartsWith(classNamePrefix, StringComparison.Ordinal)).ToList()
            : found.Where(c => c.Description!.ClassType.Name == interfaceType.Name[1..]).ToList();
        return matches.Count == 1
            ? matches[0]
            : throw new ArgumentException(
                $"{found.Count} grain classes implement {interfaceType.FullName}: " +
                string.Join(", ", found.Select(static c => c.Description!.ClassType.Name)) + ". A class name prefix must pick one.");
    }

    private async Task CloseStorageAsync()
    {
        if (Interlocked.Exchange(ref _storage, null) is { } storage)
        {
            await storage.DisposeAsync();
        }
    }

    private void AddClasses()
    {
        var stateOwners = new Dictionary<string, Type>(StringComparer.Ordinal);
        foreach (var description in Registry.Classes.Values)
        {
            var grainClass = new GrainClass(this, description, description.GrainType);
            if (!_classesByType.TryAdd(description.GrainType, grainClass))
            {
                throw new OptionsValidationException(nameof(EmbeddedActorHostOptions), typeof(EmbeddedActorHostOptions),
                    [$"Grain type '{description.GrainType}' is used by two classes; [GrainType] gives one of them another name."]);
            }

            foreach (var state in description.StateNames)
            {
                if (!stateOwners.TryAdd(state, description.ClassType))
                {
                    throw new OptionsValidationException(nameof(EmbeddedActorHostOptions), typeof(EmbeddedActorHostOptions),
                        [$"State name '{state}' is used by {stateOwners[state].Name} and {description.ClassType.Name}: their records would be one."]);
                }
            }

            foreach (var interfaceType in description.Interfaces)
            {
                if (!_classesByInterface.TryGetValue(interfaceType, out var list))
                {
                    _classesByInterface[interfaceType] = list = [];
                }

                list.Add(grainClass);
            }
        }

        _classes = [.. _classesByType.Values];
    }
}
