namespace OrleansUem.Dtls.Records;

/// <summary>How many records an opener has dropped, by cause.</summary>
/// <param name="Replayed">Seen before, or older than the window.</param>
/// <param name="NotAuthentic">The tag did not fit.</param>
/// <param name="WrongEpoch">Of another epoch.</param>
/// <param name="Malformed">Too short or too long for its type, or of no known type.</param>
public readonly record struct RecordRejections(long Replayed, long NotAuthentic, long WrongEpoch, long Malformed);
