namespace OrleansUem.Embedded;

/// <summary>How long a caller of the method waits before it gets a <see cref="TimeoutException"/>, as a <see cref="TimeSpan"/> text such as "00:00:10".</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The limit; positive.</summary>
    public TimeSpan? Timeout { get; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
}
