namespace OrleansUem.Embedded;

/// <summary>Several activations of one identity may run at the same time; a call goes to any of them.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StatelessWorkerAttribute : Attribute
{
    /// <summary>As many activations of an identity as there are processors.</summary>
    public StatelessWorkerAttribute()
    {
    }

    /// <summary>At most <paramref name="maxLocalWorkers"/> activations of an identity.</summary>
    public StatelessWorkerAttribute(int maxLocalWorkers) => MaxLocalWorkers = maxLocalWorkers;

    /// <summary>The limit; -1 stands for the number of processors.</summary>
    public int MaxLocalWorkers { get; } = -1;
}
