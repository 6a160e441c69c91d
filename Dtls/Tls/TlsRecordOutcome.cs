namespace OrleansUem.Dtls.Tls;

/// <summary>What a record of the client was.</summary>
public enum TlsRecordOutcome
{
    /// <summary>Data; may be empty.</summary>
    Data = 0,

    /// <summary>Nothing for the reader: a key update, a warning.</summary>
    Nothing = 1,

    /// <summary>close_notify: no more data.</summary>
    Closed = 2,

    /// <summary>An alert that ends the connection with a fault.</summary>
    Alert = 3,

    /// <summary>It does not authenticate, or is no record that may come here: the connection is over.</summary>
    Broken = 4,
}
