namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>One call with its arguments; the generator writes a struct of it for each grain method.</summary>
public interface IGrainCall
{
    /// <summary>The number of arguments without the cancellation token.</summary>
    int ArgumentCount { get; }

    /// <summary>The last argument of a method that takes a token.</summary>
    CancellationToken CancellationToken { get; set; }

    /// <summary>Calls the method of the target.</summary>
    Task Invoke(object target);

    /// <summary>Replaces arguments that the callee may not share by copies.</summary>
    void CopyArguments(ArgumentCopier copier);

    /// <summary>The argument at an index.</summary>
    object? GetArgument(int index);

    /// <summary>Replaces the argument at an index.</summary>
    void SetArgument(int index, object? value);
}
