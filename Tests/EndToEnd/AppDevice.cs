using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A device on which somebody runs single apps in the tunnel: root, or a user without any right.</summary>
public sealed class AppDevice
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    // The TUN's file as udev makes it everywhere: everybody may open it.
    internal const string AsUser = """
        mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec setpriv --reuid="$0" --regid="$0" --clear-groups "$@"
        """;

    private readonly UemInstallation _uem;
    private readonly bool _isUser;

    private AppDevice(UemInstallation uem, bool isUser)
    {
        _uem = uem;
        _isUser = isUser;
    }

    public string Name => _isUser ? "laptop-8" : "laptop-7";

    public string State => Path.Combine(_uem.StateOf(Name), "state");

    /// <summary>Enrols the device as its user.</summary>
    public static async Task<AppDevice> EnrolAsync(UemInstallation uem, bool isUser)
    {
        var device = new AppDevice(uem, isUser);
        Directory.CreateDirectory(uem.StateOf(device.Name));
        if (isUser)
        {
            // The user's own folder, in one that everybody may pass through.
            await uem.DeviceSide.RunAsync("chmod", "711", Path.GetDirectoryName(uem.StateOf(device.Name))!);
            await uem.DeviceSide.RunAsync("chown", RequirementCheck.UnprivilegedUser, uem.StateOf(device.Name));
        }

        var activation = await uem.ActivateAsync(device.Name);
        (await device.UemAsync("device", "enrol", activation, "--state", device.State)).EnsureSuccess();
        return device;
    }

    /// <summary>Runs a command of ours as this user to its end.</summary>
    public Task<CommandResult> UemAsync(params string[] arguments) => ExecuteAsync(Words(arguments));

    /// <summary>Runs <c>uem device run</c> to its end.</summary>
    public Task<CommandResult> RunAsync(params string[] command) => UemAsync(["device", "run", "--state", State, "--", .. command]);

    /// <summary>Starts <c>uem device run</c>.</summary>
    public ProcessUnderTest Start(params string[] command)
    {
        var words = Words(["device", "run", "--verbose", "--state", State, "--", .. command]);
        return _uem.DeviceSide.Start(words[0], words[1..]);
    }

    /// <summary>Starts <c>uem device up --apps</c> and waits for its tunnel.</summary>
    public async Task<ProcessUnderTest> StartSetAsync(string apps)
    {
        var words = Words("device", "up", "--state", State, "--apps", apps);
        var agent = _uem.DeviceSide.Start(words[0], words[1..]);
        await agent.WaitForLineAsync("the tunnel is up", line => line.StartsWith("up ", StringComparison.Ordinal), TimeSpan.FromSeconds(90));
        return agent;
    }

    private Task<CommandResult> ExecuteAsync(string[] words) =>
        ProcessUnderTest.RunAsync(_uem.DeviceSide, $"{string.Join(' ', words.Take(6))} of {Name}", Timeout, words[0], words[1..]);

    private string[] Words(params string[] arguments)
    {
        string[] program = ["dotnet", UemInstallation.ProgramPath, .. arguments];
        return _isUser ? ["sh", "-c", AsUser.Trim(), RequirementCheck.UnprivilegedUser, .. program] : program;
    }
}
