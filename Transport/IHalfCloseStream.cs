namespace OrleansUem.Transport;

/// <summary>A stream whose sending side can end before its reading side.</summary>
public interface IHalfCloseStream
{
    /// <summary>Tells the peer that nothing follows, in TLS by close_notify.</summary>
    Task EndSendingAsync();
}
