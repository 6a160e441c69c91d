namespace OrleansUem.Protocol.Paths;

/// <summary>Where a <see cref="PathMachine"/> stands.</summary>
public enum PathState
{
    /// <summary>UDP rests; data goes over TCP.</summary>
    Waiting = 0,

    /// <summary>Probes are under way; data goes over TCP.</summary>
    Probing = 1,

    /// <summary>Data goes over UDP.</summary>
    Up = 2,
}
