namespace OrleansUem.Embedded;

/// <summary>Names a static method of the grain class, <c>bool M(IInvokable request)</c>, that decides whether a call may interleave.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MayInterleaveAttribute(string callbackMethodName) : Attribute
{
    /// <summary>The name of the predicate.</summary>
    public string CallbackMethodName { get; } = callbackMethodName;
}
