namespace OrleansUem.Protocol.Wire;

/// <summary>The version of the wire: one integer, one dated line for each step.</summary>
public static class ProtocolVersion
{
    /// <summary>
    /// The version this code speaks.
    /// 1 (2026-11-21): attach, one datagram tunnel for each device, enrolment, control links.
    /// </summary>
    public const uint Current = 1;

    /// <summary>The oldest version this code accepts from a peer.</summary>
    public const uint Oldest = 1;
}
