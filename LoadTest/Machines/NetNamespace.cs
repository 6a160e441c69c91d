using System.Globalization;
using System.Text;
using OrleansUem.Agent.Native;

namespace OrleansUem.LoadTest.Machines;

/// <summary>
/// A network namespace of a test or measurement: a machine of its own as far as the network goes. Its loopback is up. Dispose removes it with
/// all that is in it. The name carries this process's id, so the first namespace of a run removes those of runs that were killed.
/// </summary>
public sealed class NetNamespace : IAsyncDisposable
{
    public const string NamePrefix = "uemt-";

    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(30);
    private static readonly Lazy<Task> RemoveLeftovers = new(RemoveLeftoversAsync);
    private static int _lastNumber;

    private NetNamespace(string name, string label)
    {
        Name = name;
        Label = label;
    }

    /// <summary>As 'ip netns list' shows it.</summary>
    public string Name { get; }

    /// <summary>The creator's word for it.</summary>
    public string Label { get; }

    /// <summary>The file that stands for the namespace.</summary>
    public string FilePath => NamespaceScope.PathOf(Name);

    /// <param name="label">A short word such as "device", part of the name.</param>
    public static async Task<NetNamespace> CreateAsync(string label)
    {
        await RemoveLeftovers.Value;
        int number = Interlocked.Increment(ref _lastNumber);
        string name = string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{Environment.ProcessId}-{number}-{label}");
        await IpAsync("netns", "add", name);
        NetNamespace created = new(name, label);
        await created.RunAsync("ip", "link", "set", "lo", "up");
        return created;
    }

    /// <summary>Joins two namespaces by a virtual cable; both ends are up and have their address.</summary>
    /// <param name="left">One end.</param>
    /// <param name="leftInterface">Its interface name there.</param>
    /// <param name="leftAddress">With the prefix length: 192.0.2.1/24.</param>
    /// <param name="right">Other end.</param>
    /// <param name="rightInterface">Its interface name there.</param>
    /// <param name="rightAddress">With the prefix length.</param>
    public static async Task ConnectAsync(
        NetNamespace left, string leftInterface, string leftAddress, NetNamespace right, string rightInterface, string rightAddress)
    {
        await IpAsync(
            "link", "add", "name", leftInterface, "netns", left.Name, "type", "veth",
            "peer", "name", rightInterface, "netns", right.Name);
        await left.RunAsync("ip", "address", "add", leftAddress, "dev", leftInterface);
        await right.RunAsync("ip", "address", "add", rightAddress, "dev", rightInterface);
        await left.RunAsync("ip", "link", "set", leftInterface, "up");
        await right.RunAsync("ip", "link", "set", rightInterface, "up");
    }

    /// <summary>Adds a route: <c>AddRouteAsync("default", "192.0.2.1")</c>.</summary>
    public Task AddRouteAsync(string destination, string via) => RunAsync("ip", "route", "add", destination, "via", via);

    /// <summary>Reads a setting of the namespace: <c>ReadSetting("ipv4/ip_forward")</c>.</summary>
    public string ReadSetting(string path) => Run(() => File.ReadAllText("/proc/sys/net/" + path)).Trim();

    /// <summary>Changes a setting of the namespace: <c>WriteSetting("ipv4/ip_forward", "1")</c>.</summary>
    public void WriteSetting(string path, string value) => Run(() =>
    {
        // The kernel takes a setting in one write to an existing file.
        using FileStream file = new("/proc/sys/net/" + path, FileMode.Open, FileAccess.Write);
        file.Write(Encoding.ASCII.GetBytes(value));
        return true;
    });

    /// <summary>Starts a program inside; the caller disposes it before the namespace.</summary>
    public ChildProcess Start(string fileName, params IEnumerable<string> arguments) =>
        ChildProcess.Start(this, fileName, arguments);

    /// <summary>Runs a program inside to its end and throws when it fails.</summary>
    /// <returns>Its standard output.</returns>
    public async Task<string> RunAsync(string fileName, params string[] arguments) =>
        (await TryRunAsync(fileName, arguments)).EnsureSuccess().Output;

    /// <summary>Runs a program inside to its end, whatever the end.</summary>
    public Task<CommandResult> TryRunAsync(string fileName, params string[] arguments) =>
        ChildProcess.RunAsync(this, $"running {fileName} in {Label}", CommandTimeout, fileName, arguments);

    /// <summary>Runs code on a thread of its own inside the namespace: sockets and devices that it opens stay there.</summary>
    public T Run<T>(Func<T> action) => NamespaceScope.Run(FilePath, action);

    public async ValueTask DisposeAsync() => await IpAsync("netns", "delete", Name);

    private static async Task IpAsync(params string[] arguments) =>
        (await ChildProcess.RunAsync(null, $"ip {arguments[0]} {arguments[1]}", CommandTimeout, "ip", arguments)).EnsureSuccess();

    /// <summary>Removes the namespaces, and the processes inside, of runs whose process is gone.</summary>
    internal static async Task RemoveLeftoversAsync()
    {
        if (!Directory.Exists("/run/netns"))
        {
            return;
        }

        foreach (string name in Directory.EnumerateFiles("/run/netns", NamePrefix + "*").Select(path => Path.GetFileName(path)!))
        {
            // The owner is the second part; the namespaces of a run that is alive are not ours to remove.
            if (int.TryParse(name.Split('-')[1], CultureInfo.InvariantCulture, out int owner) && !Directory.Exists($"/proc/{owner}"))
            {
                CommandResult inside = await ChildProcess.RunAsync(
                    null, $"listing processes of leftover {name}", CommandTimeout, "ip", "netns", "pids", name);
                foreach (string id in inside.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    _ = await ChildProcess.RunAsync(null, $"ending leftover {id}", CommandTimeout, "kill", "-9", id);
                }

                // Another run may remove it at the same time; then there is nothing left to do.
                _ = await ChildProcess.RunAsync(null, $"removing leftover {name}", CommandTimeout, "ip", "netns", "delete", name);
            }
        }
    }
}
