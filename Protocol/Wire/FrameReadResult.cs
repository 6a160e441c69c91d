namespace OrleansUem.Protocol.Wire;

/// <summary>What <see cref="FrameReader"/> found at the front of the stream.</summary>
public enum FrameReadResult
{
    /// <summary>Not a whole frame yet.</summary>
    NeedMore = 0,

    /// <summary>One frame was taken.</summary>
    Frame = 1,

    /// <summary>The header announces more than the caller allows; the session is to be closed with <see cref="Reason.FrameTooLong"/>.</summary>
    TooLong = 2,
}
