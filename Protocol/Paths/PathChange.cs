namespace OrleansUem.Protocol.Paths;

/// <summary>What changed for the data.</summary>
public enum PathChange
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>From here on it goes over UDP.</summary>
    Up = 1,

    /// <summary>From here on it goes over TCP; the edge is to be told by PATHLEFT.</summary>
    Down = 2,

    /// <summary>An attempt failed and data stays on TCP; said once until the path was up again.</summary>
    Unreachable = 3,
}
