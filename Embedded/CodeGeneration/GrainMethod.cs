using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>One method of a grain or observer interface.</summary>
public sealed class GrainMethod
{
    // A method that was slow on its caller's thread is queued this many times before it is tried again.
    private const int SlowPenaltyCalls = 64;

    // Every method is measured on its first calls, then on one call of SampleInterval.
    private const int SampleInterval = 16;

    private readonly Type[] _parameterTypes;
    private MethodInfo? _interfaceMethod;
    private int _penalty;
    private int _calls;

    /// <summary>Describes a method; <paramref name="responseTimeout"/> is null for the host's default.</summary>
    public GrainMethod(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] Type interfaceType,
        string name,
        Type[] parameterTypes,
        GrainMethodTraits traits,
        string? responseTimeout)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        InterfaceType = interfaceType;
        Name = name;
        _parameterTypes = parameterTypes;
        Traits = traits;
        ResponseTimeout = responseTimeout is null ? null : TimeSpan.Parse(responseTimeout, CultureInfo.InvariantCulture);
    }

    /// <summary>The interface that declares the method.</summary>
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)]
    public Type InterfaceType { get; }

    /// <summary>The method's name.</summary>
    public string Name { get; }

    /// <summary>How the method is called.</summary>
    public GrainMethodTraits Traits { get; }

    /// <summary>How long a caller waits; null for the host's default.</summary>
    public TimeSpan? ResponseTimeout { get; }

    /// <summary>The reflection object, for filters.</summary>
    public MethodInfo InterfaceMethod => _interfaceMethod ??= InterfaceType.GetMethod(Name, _parameterTypes)
        ?? throw new MissingMethodException(InterfaceType.FullName, Name);

    internal bool IsReadOnly => (Traits & GrainMethodTraits.ReadOnly) != 0;

    internal bool IsAlwaysInterleave => (Traits & GrainMethodTraits.AlwaysInterleave) != 0;

    internal bool IsOneWay => (Traits & GrainMethodTraits.OneWay) != 0;

    // The counters are hints: a lost update costs a sample, so they are not interlocked.
    internal bool IsHeldBack()
    {
        var penalty = _penalty;
        if (penalty == 0)
        {
            return false;
        }

        _penalty = penalty - 1;
        return true;
    }

    internal bool TakesSample() => (_calls++ & (SampleInterval - 1)) == 0;

    internal void HoldBack()
    {
        // The first inline call after the penalty is measured.
        _calls = 0;
        _penalty = SlowPenaltyCalls;
    }
}
