namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>Something that carries traffic between device and corp: ours, a peer, or the bare network.</summary>
internal interface IMeasuredSystem
{
    /// <summary>For <c>--systems</c> and the tables.</summary>
    string Name { get; }

    /// <summary>What it is and how it is set up, for the report.</summary>
    string Description { get; }

    IReadOnlyList<SystemProgram> Programs { get; }

    /// <summary>False: only TCP streams to a port of the device; then there is no ping, UDP or set-up time.</summary>
    bool CarriesPackets => true;

    /// <summary>Makes keys and configurations, once, before the first turn.</summary>
    /// <param name="lab">The network; nothing else runs on it.</param>
    /// <param name="folder">An empty directory of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken);

    /// <summary>Starts all its processes. On return the one on the device has been started, not more.</summary>
    /// <param name="lab">The network; nothing else runs on it.</param>
    /// <param name="running">Takes the processes; its owner ends them, also when this fails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken);

    /// <summary>Waits, after the first ping came through, until it carries traffic the way that its description says.</summary>
    /// <param name="running">From <see cref="StartAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task ConfirmAsync(RunningSystem running, CancellationToken cancellationToken) => Task.CompletedTask;
}
