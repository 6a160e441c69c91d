namespace OrleansUem.Protocol.Tunnel;

/// <summary>Where a renewal of keys is; see the drawing at <see cref="RekeyMachine"/>.</summary>
internal enum RekeyPhase
{
    /// <summary>One epoch's keys are in use and nothing is under way.</summary>
    Rest = 0,

    /// <summary>The DTLS handshake runs.</summary>
    Handshaking = 1,

    /// <summary>It has ended here; no record of the new epoch has come yet.</summary>
    Confirming = 2,

    /// <summary>Both ends seal with the new keys; records of the old epoch that are under way still open.</summary>
    Overlap = 3,
}
