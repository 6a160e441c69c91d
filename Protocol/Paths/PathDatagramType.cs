namespace OrleansUem.Protocol.Paths;

/// <summary>
/// The first byte of a datagram that is about the path itself. Next to <see cref="Wire.FrameType.Datagram"/> nothing else crosses UDP. Numbers are fixed and
/// are no frame types: 0x80 and above stay free of them.
/// </summary>
public enum PathDatagramType : byte
{
    /// <summary>Never sent.</summary>
    Unspecified = 0x00,

    /// <summary>D, N → E: proves the session, the address that it comes from and that the path carries its size.</summary>
    Probe = 0x80,

    /// <summary>E → D, N: the answer to one <see cref="Probe"/>, of the same size.</summary>
    Ack = 0x81,
}
