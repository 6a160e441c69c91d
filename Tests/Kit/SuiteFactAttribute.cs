using Xunit;
using Xunit.Sdk;

namespace OrleansUem.Tests.Kit;

/// <summary>A fact of a suite that several classes inherit; each class says with <see cref="RequiresClassAttribute"/> what it needs of the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("OrleansUem.Tests.Kit.SuiteFactDiscoverer", "OrleansUem.Tests")]
public sealed class SuiteFactAttribute : FactAttribute
{
}
