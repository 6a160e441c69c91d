namespace OrleansUem.Agent.Links;

/// <summary>The kernel refused a change to a link, an address or a route. The message names the change and the errno.</summary>
public sealed class NetworkLinkException : Exception
{
    public NetworkLinkException()
    {
    }

    public NetworkLinkException(string message)
        : base(message)
    {
    }

    public NetworkLinkException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal NetworkLinkException(string message, int errorNumber)
        : base(message) => ErrorNumber = errorNumber;

    /// <summary>The errno, or 0 when the failure is not the kernel's.</summary>
    public int ErrorNumber { get; }
}
