using Xunit.Abstractions;
using Xunit.Sdk;

namespace OrleansUem.Tests.Kit;

/// <summary>Makes the test case of a <see cref="SuiteFactAttribute"/>.</summary>
public sealed class SuiteFactDiscoverer(IMessageSink diagnostics) : FactDiscoverer(diagnostics)
{
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        new SuiteTestCase(DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
}
