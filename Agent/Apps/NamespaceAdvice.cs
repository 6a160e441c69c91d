namespace OrleansUem.Agent.Apps;

/// <summary>Why namespaces can't be made here, and what an administrator can do about it. One line.</summary>
internal static class NamespaceAdvice
{
    /// <summary>Explains a failure.</summary>
    /// <param name="text">What the programs that tried wrote.</param>
    /// <param name="isRootless">Whether a user namespace was asked for.</param>
    public static string Explain(string text, bool isRootless) => Explain(text, isRootless, ReadSetting);

    /// <summary>The same with another kernel's settings.</summary>
    internal static string Explain(string text, bool isRootless, Func<string, string?> readSetting)
    {
        var line = text.Trim().ReplaceLineEndings("; ");
        line = line.Length == 0 ? "no reason was given" : line.TrimEnd('.');
        return $"The apps' network can't be made: {line}. {(isRootless ? Advise(readSetting) : "Root in a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN.")}";
    }

    private static string Advise(Func<string, string?> readSetting)
    {
        if (readSetting("user/max_user_namespaces") == "0")
        {
            return "This kernel allows users no namespaces (user.max_user_namespaces is 0): sysctl user.max_user_namespaces=15000 as root allows them, or run this command as root.";
        }

        if (readSetting("kernel/unprivileged_userns_clone") == "0")
        {
            return "This kernel allows namespaces to root only (kernel.unprivileged_userns_clone is 0): sysctl kernel.unprivileged_userns_clone=1 as root allows them to users, or run this command as root.";
        }

        if (readSetting("kernel/apparmor_restrict_unprivileged_userns") == "1")
        {
            return "AppArmor forbids programs without a profile to use namespaces (kernel.apparmor_restrict_unprivileged_userns is 1): "
                + "sysctl kernel.apparmor_restrict_unprivileged_userns=0 as root allows them, or give this program a profile with 'userns,', or run this command as root.";
        }

        return "Run this command as root, or in a container with a seccomp profile that allows user namespaces.";
    }

    private static string? ReadSetting(string name)
    {
        try
        {
            return File.ReadAllText("/proc/sys/" + name).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A kernel without the setting, which then forbids nothing.
            return null;
        }
    }
}
