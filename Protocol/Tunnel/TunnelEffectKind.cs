namespace OrleansUem.Protocol.Tunnel;

/// <summary>What a <see cref="TunnelEffect"/> asks the caller to do or tells it.</summary>
public enum TunnelEffectKind
{
    /// <summary>Not stated; never returned.</summary>
    Unspecified = 0,

    /// <summary>Write <see cref="TunnelEffect.Plaintext"/> as one DTLS record.</summary>
    Send = 1,

    /// <summary>The configuration is agreed and the tunnel is up; once per tunnel.</summary>
    Configured = 2,

    /// <summary>The tunnel is over; the last effect, once per tunnel.</summary>
    Closed = 3,

    /// <summary>Begin a handshake for the keys of <see cref="RekeyMachine.NextEpoch"/>; one that was under way is given up.</summary>
    BeginKeys = 4,

    /// <summary>Give <see cref="TunnelEffect.Plaintext"/> to that handshake as a received datagram.</summary>
    KeysDatagram = 5,

    /// <summary>Give up that handshake, and keys that it gave.</summary>
    AbandonKeys = 6,

    /// <summary>Seal with the keys of that handshake from now on.</summary>
    SwitchKeys = 7,

    /// <summary>Erase the keys of the epoch before: nothing of it opens any more.</summary>
    RetireKeys = 8,
}
