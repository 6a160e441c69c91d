using System.Reflection;

namespace OrleansUem.Embedded;

/// <summary>How the one-process actor host works. All of it needs a restart to change.</summary>
public sealed class EmbeddedActorHostOptions
{
    /// <summary>The assemblies with grain interfaces and grain classes, all compiled with the generator. At least one.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>Where grain states and reminders are kept. Default: in memory, which is for tests.</summary>
    public ActorStorage Storage { get; set; } = ActorStorage.Memory;

    /// <summary>The value of the column ServiceId, at most 150 characters; the same for all runs over one database. Default: uem.</summary>
    public string ServiceId { get; set; } = "uem";

    /// <summary>How long a caller waits for an answer. Default: 30 s, as Orleans; infinite is allowed.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When the token of OnActivateAsync is cancelled. Default: 30 s, as Orleans.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation waits for OnDeactivateAsync before it leaves without it. Default: 30 s, as Orleans.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stop waits for all activations to end. Default: 30 s.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may be idle. Default: 15 min, as Orleans. The scan's quantum is the precision.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>The time between two scans for idle activations. Default: 1 min, as Orleans; at least 1 s.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The shortest period of a reminder. Default: 1 min, as Orleans.</summary>
    public TimeSpan ReminderPeriodMin { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Calls that may wait at one activation; more are refused with <see cref="LimitExceededException"/>. Default: 65536.</summary>
    public int QueuedRequestsMax { get; set; } = 65_536;

    /// <summary>How deep calls run inline on their caller's thread. Default: 32, which keeps a stack below some 64 KiB; 0 queues all.</summary>
    public int InlineDepthMax { get; set; } = 32;

    /// <summary>Inline calls in a row before one is queued, so that a loop lets others run. Default: 128.</summary>
    public int InlineCallsMax { get; set; } = 128;

    /// <summary>A method that holds its caller's thread for longer is queued for its next calls, so that a fan-out runs in parallel. Default: 20 µs.</summary>
    public TimeSpan SlowCallThreshold { get; set; } = TimeSpan.FromMicroseconds(20);

    /// <summary>Queues every call; for tests of code that must not depend on inline calls.</summary>
    public bool QueuesAlways { get; set; }

    /// <summary>Copies all arguments and results through JSON, immutable ones too; for tests that a contract survives a real boundary.</summary>
    public bool CopiesAlways { get; set; }
}
