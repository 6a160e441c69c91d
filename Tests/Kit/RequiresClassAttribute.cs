namespace OrleansUem.Tests.Kit;

/// <summary>What every <see cref="SuiteFactAttribute"/> of a test class needs, the inherited ones included.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresClassAttribute(Requirement requirements) : Attribute
{
    public Requirement Requirements => requirements;
}
