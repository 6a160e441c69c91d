namespace OrleansUem.Dtls.Records;

/// <summary>What a record carries (RFC 5246 §6.2.1).</summary>
public enum ContentType : byte
{
    /// <summary>Never on the wire.</summary>
    Invalid = 0,
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}
