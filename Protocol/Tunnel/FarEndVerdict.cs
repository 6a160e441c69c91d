namespace OrleansUem.Protocol.Tunnel;

/// <summary>What <see cref="FarEndWatch.Look"/> found.</summary>
internal enum FarEndVerdict
{
    Fine = 0,

    /// <summary>Ask it.</summary>
    Probe = 1,

    /// <summary>It answered no probe.</summary>
    Dead = 2,
}
