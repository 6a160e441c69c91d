using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>
/// A fact that needs something of the machine. Without it the test is reported as skipped with the reason, never as passed:
/// <c>[RequiresFact(Requirement.Tun, "iperf3")]</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresFactAttribute : FactAttribute
{
    /// <param name="requirements">What the machine must offer.</param>
    /// <param name="commands">Programs that must be installed.</param>
    public RequiresFactAttribute(Requirement requirements, params string[] commands)
    {
        Requirements = requirements;
        Commands = commands;
        Skip = RequirementCheck.FindMissing(requirements, commands);
    }

    public Requirement Requirements { get; }

    public string[] Commands { get; }
}
