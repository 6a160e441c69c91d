namespace OrleansUem.Transport;

/// <summary>How far a dial came.</summary>
public enum DialPhase
{
    /// <summary>Never used.</summary>
    Unspecified = 0,

    /// <summary>Name resolution and TCP.</summary>
    Connect = 1,

    /// <summary>The TLS handshake.</summary>
    Handshake = 2,

    /// <summary>The check of the server's certificate.</summary>
    Verify = 3,
}
