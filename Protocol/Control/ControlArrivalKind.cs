namespace OrleansUem.Protocol.Control;

/// <summary>What the owner of a <see cref="ControlLinkMachine"/> does with a frame that arrived.</summary>
public enum ControlArrivalKind
{
    /// <summary>Nothing: a late or unknown answer; it was counted.</summary>
    Ignore = 0,

    /// <summary>Handle <see cref="ControlArrival.Request"/> and answer it.</summary>
    Handle = 1,

    /// <summary>Send <see cref="ControlArrival.Answer"/>: the request was refused without being handled.</summary>
    Refuse = 2,

    /// <summary>Give <see cref="ControlArrival.Answer"/> to whoever asked.</summary>
    Complete = 3,

    /// <summary>Close the link with <see cref="ControlArrival.Reason"/>.</summary>
    Close = 4,
}
