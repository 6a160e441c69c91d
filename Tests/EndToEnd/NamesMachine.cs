using System.Globalization;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>
/// The device's machine with files of its own: /etc is a copy in a mount namespace that all its programs share, so that name servers can be set without touching the machine of the tests.
/// </summary>
public sealed class NamesMachine : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    // A directory of the tests for /etc, and more commands before it is ready; "$0" is the directory.
    private const string Prepare = "mount --make-rprivate / && cp -a /etc/. \"$0\" && mount --bind \"$0\" /etc && ";

    private readonly UemInstallation _uem;
    private readonly ProcessUnderTest _holder;
    private readonly string _folder;

    private NamesMachine(UemInstallation uem, ProcessUnderTest holder, string folder) => (_uem, _holder, _folder) = (uem, holder, folder);

    /// <summary>resolv.conf of this machine.</summary>
    public string ResolverPath => Path.Combine(_folder, "resolv.conf");

    /// <summary>The file's text.</summary>
    public string Resolver => File.ReadAllText(ResolverPath);

    /// <summary>Makes it.</summary>
    /// <param name="uem">Its network is the device's.</param>
    /// <param name="resolver">The text of resolv.conf.</param>
    /// <param name="more">Shell commands inside, once /etc is its own.</param>
    public static async Task<NamesMachine> StartAsync(UemInstallation uem, string resolver, string more = "true")
    {
        var folder = Directory.CreateTempSubdirectory("uem-etc-").FullName;
        var hosts = "sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf";
        var holder = uem.DeviceSide.Start(
            "unshare", "--mount", "sh", "-c", $"{Prepare}rm -f /etc/resolv.conf && printf '%s' \"$1\" > /etc/resolv.conf && {hosts} && {more} && echo ready && exec sleep 600", folder, resolver);
        var machine = new NamesMachine(uem, holder, folder);
        try
        {
            await holder.WaitForLineAsync("the machine has files of its own", line => line == "ready");
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a program on it.</summary>
    public ProcessUnderTest Start(params string[] command) => ProcessUnderTest.Start(null, "nsenter", [.. Inside, .. command]);

    /// <summary>Runs a program on it to its end.</summary>
    public Task<CommandResult> TryRunAsync(params string[] command) =>
        ProcessUnderTest.RunAsync(null, string.Join(' ', command.Take(4)), Timeout, "nsenter", [.. Inside, .. command]);

    /// <summary>Starts a command of ours.</summary>
    public ProcessUnderTest StartUem(params string[] arguments) => Start(["dotnet", UemInstallation.ProgramPath, .. arguments]);

    /// <summary>Runs a command of ours to its end.</summary>
    public Task<CommandResult> UemAsync(params string[] arguments) => TryRunAsync(["dotnet", UemInstallation.ProgramPath, .. arguments]);

    /// <summary>Starts <c>uem device up</c> of laptop-7 and waits until its tunnel is up and it has said something on names.</summary>
    public async Task<ProcessUnderTest> StartDeviceAsync(params string[] options)
    {
        var device = StartUem(["device", "up", "--state", State, .. options]);
        try
        {
            await WaitForNamesAsync(device, "", 1);
            return device;
        }
        catch
        {
            await device.DisposeAsync();
            throw;
        }
    }

    public string State => _uem.StateOf("device");

    /// <summary>Waits until the device has said for the n-th time something on names after its tunnel was up for the first time.</summary>
    public static async Task WaitForNamesAsync(ProcessUnderTest device, string text, int occurrence)
    {
        var isUp = false;
        var seen = 0;
        await device.WaitForLineAsync(
            string.Create(CultureInfo.InvariantCulture, $"names are set, time {occurrence}"),
            line =>
            {
                isUp |= line.StartsWith("up ", StringComparison.Ordinal);
                return isUp && line.StartsWith("names ", StringComparison.Ordinal) && line.Contains(text, StringComparison.Ordinal) && ++seen == occurrence;
            },
            TimeSpan.FromSeconds(90));
    }

    /// <summary>The addresses that a program of this machine gets for a name; empty: none.</summary>
    public async Task<string> ResolveAsync(string name)
    {
        var output = (await TryRunAsync("getent", "ahostsv4", name)).Output;
        return output.Length == 0 ? "" : output.Split(' ')[0];
    }

    public async ValueTask DisposeAsync()
    {
        await _holder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string[] Inside =>
        [string.Create(CultureInfo.InvariantCulture, $"--mount=/proc/{_holder.ProcessId}/ns/mnt"), $"--net={_uem.DeviceSide.FilePath}", "--"];
}
