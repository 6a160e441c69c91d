namespace OrleansUem.Agent.Native;

/// <summary>Runs code in another network namespace: sockets and devices that it opens stay there.</summary>
internal static class NamespaceScope
{
    private const int CloneNewNet = 0x40000000;

    /// <summary>Where 'ip netns add' keeps its namespaces.</summary>
    public static string PathOf(string namespaceName) => "/run/netns/" + namespaceName;

    /// <summary>
    /// Runs <paramref name="action"/> on a thread of its own inside the namespace, and waits for it. A thread keeps its
    /// namespace, so none of the pool is borrowed. The action must not await.
    /// </summary>
    /// <param name="namespacePath">For example /run/netns/blue.</param>
    /// <param name="action">Its result or exception is handed on.</param>
    public static T Run<T>(string namespacePath, Func<T> action)
    {
        T? result = default;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter(namespacePath);
                result = action();
            }
            catch (Exception e)
            {
                // Any failure belongs to the waiting caller.
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = "netns" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    /// <summary>Moves the calling thread for the rest of its life.</summary>
    public static void Enter(string namespacePath)
    {
        using OwnedDescriptor descriptor = OwnedDescriptor.Take(
            Libc.Open(namespacePath, Libc.OpenReadOnly | Libc.OpenCloseOnExec), $"Opening network namespace {namespacePath}");
        if (Libc.SetNamespace(descriptor, CloneNewNet) < 0)
        {
            throw new IOException($"Entering network namespace {namespacePath} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }
    }
}
