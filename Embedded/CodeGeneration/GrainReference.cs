namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>The base of all generated references.</summary>
public abstract class GrainReference : IAddressable, IEquatable<GrainReference>
{
    /// <summary>A reference to a target.</summary>
    protected GrainReference(CallTarget target) => Target = target;

    /// <summary>The identity that the reference points to.</summary>
    public GrainId GrainId => Target.GrainId;

    internal CallTarget Target { get; }

    /// <summary>References are equal when they point to the same grain.</summary>
    public bool Equals(GrainReference? other) => other is not null && other.Target.IsSame(Target);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => Target.KeyHash;

    /// <inheritdoc/>
    public override string ToString() => $"{GetType().Name}:{GrainId}";

    /// <summary>Calls a method without a result.</summary>
    protected Task CallAsync<TCall>(GrainMethod method, TCall call)
        where TCall : struct, IGrainCall => Target.Call<TCall, VoidResult>(method, ref call);

    /// <summary>Calls a method with a result.</summary>
    protected Task<TResult> CallAsync<TCall, TResult>(GrainMethod method, TCall call)
        where TCall : struct, IGrainCall => (Task<TResult>)Target.Call<TCall, TResult>(method, ref call);
}
