namespace OrleansUem.Protocol.Identity;

/// <summary>What an <see cref="EnrolmentUri"/> lets its holder do, once.</summary>
public enum EnrolmentKind
{
    /// <summary>Not stated; never valid.</summary>
    Unspecified = 0,

    /// <summary>A device gets its certificate from its tenant's node; made by the node.</summary>
    Activate = 1,

    /// <summary>A node registers its tenant with the installation; made by a silo.</summary>
    Invite = 2,

    /// <summary>An edge gets its certificate from a silo; made by a silo.</summary>
    Join = 3,
}
