namespace OrleansUem.Node.Enrolment;

/// <summary>One activation, as its file holds it.</summary>
internal sealed record Activation
{
    /// <summary>Wrong attempts after which it is void. The secret has 128 bits: the count is for people who look at the log, and bounds the work.</summary>
    public const int WrongAttemptsMax = 5;

    public required string Id { get; init; }

    /// <summary>16 bytes, base64.</summary>
    public required string Secret { get; init; }

    public required string Device { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public int WrongAttempts { get; init; }

    /// <summary>SHA-256 of the request that it was used for, base64; null: unused.</summary>
    public string? UsedFor { get; init; }

    /// <summary>The certificate that was issued, base64 of DER; given again to the same request.</summary>
    public string? Certificate { get; init; }
}
