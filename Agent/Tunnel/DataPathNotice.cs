namespace OrleansUem.Agent.Tunnel;

/// <summary>What the data path met that the control part has to act on, once no lock of the data path is held.</summary>
[Flags]
internal enum DataPathNotice
{
    None = 0,

    /// <summary>The first packet after a rest: the far end is to be watched.</summary>
    Woke = 1,

    /// <summary>The keys are to be renewed.</summary>
    Worn = 2,

    /// <summary>The keys may not be used any more.</summary>
    UsedUp = 4,

    /// <summary>The first record of an epoch: the far end has its keys.</summary>
    FirstOfEpoch = 8,
}
