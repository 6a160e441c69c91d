namespace OrleansUem.Dtls;

/// <summary>The decision of a <see cref="DtlsPeerVerifier"/>. The peer learns the alert, never the text.</summary>
public readonly record struct DtlsVerdict
{
    private DtlsVerdict(DtlsRefusal refusal, string detail)
    {
        Refusal = refusal;
        Detail = detail;
    }

    /// <summary>The certificate is the expected one.</summary>
    public static DtlsVerdict Accepted => new(DtlsRefusal.None, "accepted");

    /// <summary>None when accepted. The default value of this struct is a refusal.</summary>
    public DtlsRefusal Refusal { get; }

    /// <summary>Becomes <see cref="DtlsSession.FailureDetail"/> at this end.</summary>
    public string? Detail { get; }

    public bool IsAccepted => Refusal == DtlsRefusal.None;

    public static DtlsVerdict Refused(DtlsRefusal refusal, string detail)
    {
        ArgumentException.ThrowIfNullOrEmpty(detail);
        if (refusal == DtlsRefusal.None || !Enum.IsDefined(refusal))
        {
            throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "A refusal needs a reason.");
        }

        return new DtlsVerdict(refusal, detail);
    }
}
