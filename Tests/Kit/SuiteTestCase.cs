using Xunit.Abstractions;
using Xunit.Sdk;

namespace OrleansUem.Tests.Kit;

/// <summary>A test case that its class may skip.</summary>
public sealed class SuiteTestCase : XunitTestCase
{
    [Obsolete("For xunit's deserializer.")]
    public SuiteTestCase()
    {
    }

    public SuiteTestCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod testMethod)
        : base(diagnostics, display, options, testMethod)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        if (base.GetSkipReason(factAttribute) is { Length: > 0 } reason)
        {
            return reason;
        }

        var required = TestMethod.TestClass.Class.GetCustomAttributes(typeof(RequiresClassAttribute)).SingleOrDefault();
        return required is null ? null : RequirementCheck.FindMissing(required.GetNamedArgument<Requirement>(nameof(RequiresClassAttribute.Requirements)), []);
    }
}
