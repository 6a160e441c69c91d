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
}
