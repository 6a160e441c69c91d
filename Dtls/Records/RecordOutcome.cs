namespace OrleansUem.Dtls.Records;

/// <summary>What a <see cref="RecordOpener"/> made of one record. Everything from <see cref="Replayed"/> on was dropped and counted.</summary>
public enum RecordOutcome
{
    /// <summary>Not stated; never returned.</summary>
    None = 0,

    /// <summary>Application data; may be empty.</summary>
    Data = 1,

    /// <summary>The peer's authenticated close_notify: it sends no more.</summary>
    CloseNotify = 2,

    /// <summary>An authenticated fatal alert; its number is in <see cref="RecordOpener.PeerAlert"/>.</summary>
    FatalAlert = 3,

    /// <summary>An authenticated warning other than close_notify; nothing to do.</summary>
    Warning = 4,

    /// <summary>Part of a handshake, not looked at: libssl's, as long as it is there, or a late repetition.</summary>
    Handshake = 5,

    /// <summary>Seen before, or older than the window.</summary>
    Replayed = 6,

    /// <summary>The tag does not fit: forged, damaged, or of another key.</summary>
    NotAuthentic = 7,

    /// <summary>Of another epoch than this opener's.</summary>
    WrongEpoch = 8,

    /// <summary>Too short or too long for its type, or of no known type.</summary>
    Malformed = 9,

    /// <summary>Dropped unopened: <see cref="RecordLimits.ForgeriesMax"/> is reached.</summary>
    KeyUsedUp = 10,
}
