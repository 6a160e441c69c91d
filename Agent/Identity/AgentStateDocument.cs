namespace OrleansUem.Agent.Identity;

/// <summary>agent.json. One file, so that an enrolment is there as a whole or not at all; only the private key has a file of its own.</summary>
internal sealed record AgentStateDocument
{
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>The certificate's SAN URI; for people, the certificate counts.</summary>
    public required string Identity { get; init; }

    public required string Origin { get; init; }

    /// <summary>Name of the private key's file.</summary>
    public required string KeyFile { get; init; }

    public required string Certificate { get; init; }

    public required string TenantRoot { get; init; }

    public required string InstallationRoot { get; init; }

    /// <summary>Base64.</summary>
    public required string TenantTag { get; init; }

    public required IReadOnlyList<string> Relays { get; init; }
}
