namespace OrleansUem.Agent.Apps;

/// <summary>The files that stand for an app network's namespaces (namespaces(7)); good while this process has its <see cref="AppEntrance"/> open.</summary>
/// <param name="User">The user namespace; null: this machine's.</param>
/// <param name="Network">The network namespace.</param>
/// <param name="Mount">The mount namespace: everything as outside, but the files that name name servers.</param>
public sealed record AppNamespaces(string? User, string Network, string Mount)
{
    /// <summary>Whether this process is inside: an app of them that starts another. The text of these links names the namespace.</summary>
    internal bool IsOwn => new FileInfo(Network).LinkTarget is { } network && network == new FileInfo("/proc/self/ns/net").LinkTarget;
}
