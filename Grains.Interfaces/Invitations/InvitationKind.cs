namespace OrleansUem.Grains.Interfaces;

/// <summary>What an invitation lets its holder do, once. Reaches storage: numbers are fixed and those of EnrolmentKind in Protocol.</summary>
[GenerateSerializer, Alias("uem.InvitationKind")]
public enum InvitationKind
{
    /// <summary>Not stated; never valid.</summary>
    Unspecified = 0,

    /// <summary>A node registers a tenant.</summary>
    Tenant = 2,

    /// <summary>An edge joins.</summary>
    Edge = 3,
}
