using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>A theory that needs something of the machine; see <see cref="RequiresFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresTheoryAttribute : TheoryAttribute
{
    /// <param name="requirements">What the machine must offer.</param>
    /// <param name="commands">Programs that must be installed.</param>
    public RequiresTheoryAttribute(Requirement requirements, params string[] commands)
    {
        Requirements = requirements;
        Commands = commands;
        Skip = RequirementCheck.FindMissing(requirements, commands);
    }

    public Requirement Requirements { get; }

    public string[] Commands { get; }
}
