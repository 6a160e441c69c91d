namespace OrleansUem.LoadTest.Hostile;

/// <summary>One way to do harm to a running edge.</summary>
internal interface IHostileAttack
{
    /// <summary>A word for the table and the command line.</summary>
    string Name { get; }

    /// <summary>What it does, in a line.</summary>
    string Summary { get; }

    /// <summary>Figures of the edge (<see cref="EdgeFigures"/>) that must have risen afterwards: the names under which it is refused.</summary>
    IReadOnlyList<string> Refusals { get; }

    /// <summary>Does it.</summary>
    /// <returns>Connections, datagrams or frames sent.</returns>
    Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken);
}
