namespace OrleansUem.Embedded;

/// <summary>A write or a clear was based on another version of the record than the stored one.</summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>A failure without words.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>A failure in words.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public InconsistentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A failure with both versions.</summary>
    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
        : base($"{errorMsg} (stored ETag {storedEtag ?? "none"}, ETag of the writer {currentEtag ?? "none"})")
    {
        StoredEtag = storedEtag;
        CurrentEtag = currentEtag;
    }

    /// <summary>The version in storage.</summary>
    public string? StoredEtag { get; }

    /// <summary>The version that the writer had.</summary>
    public string? CurrentEtag { get; }

    /// <summary>True until the failure has ended the activation that it came from.</summary>
    internal bool IsSourceActivation { get; set; } = true;
}
