namespace OrleansUem.Protocol.Wire;

/// <summary>Flags of the frame header. Bits not named here are sent as 0 and ignored by the receiver.</summary>
[Flags]
public enum FrameFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>A receiver that does not know the type ignores the frame; without this bit an unknown type closes the session.</summary>
    Optional = 0x01,
}
