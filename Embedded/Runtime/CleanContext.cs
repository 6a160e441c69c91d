namespace OrleansUem.Embedded.Runtime;

/// <summary>The execution context in which no AsyncLocal has a value. Turns start in it.</summary>
internal static class CleanContext
{
    internal static ExecutionContext Instance { get; } = Capture();

    private static ExecutionContext Capture()
    {
        var holder = new Holder();
        var thread = new Thread(static state => ((Holder)state!).Context = ExecutionContext.Capture());
        thread.UnsafeStart(holder);
        thread.Join();
        return holder.Context!;
    }

    private sealed class Holder
    {
        internal ExecutionContext? Context { get; set; }
    }
}
