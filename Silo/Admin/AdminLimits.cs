namespace OrleansUem.Silo.Admin;

/// <summary>Bounds of the admin API.</summary>
public static class AdminLimits
{
    /// <summary>Items of a page unless the caller says otherwise.</summary>
    public const int DefaultPageItems = 100;

    /// <summary>The most items of a page.</summary>
    public const int MaxPageItems = 1_000;

    /// <summary>Bytes of a request's body; ours have some 300.</summary>
    public const int MaxBodyBytes = 16 * 1024;

    /// <summary>The shortest life of an invitation or join token, in minutes.</summary>
    public const int MinLifetimeMinutes = 1;

    /// <summary>The longest: 30 days. A longer one lies about in mail boxes.</summary>
    public const int MaxLifetimeMinutes = 30 * 24 * 60;

    /// <summary>Unless the caller says otherwise: a day.</summary>
    public const int DefaultLifetimeMinutes = 24 * 60;

    /// <summary>Characters of the note on an invitation.</summary>
    public const int MaxNoteCharacters = 64;

    /// <summary>Characters of a DNS name (RFC 1035 §2.3.4) or address.</summary>
    public const int MaxHostCharacters = 253;
}
