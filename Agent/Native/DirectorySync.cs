namespace OrleansUem.Agent.Native;

/// <summary>Makes a rename durable: fsync on the directory (fsync(2)), which the framework has no call for. Does nothing on Windows.</summary>
internal static class DirectorySync
{
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int opened = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenCloseOnExec);
        if (opened < 0)
        {
            throw new IOException($"Opening {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        using OwnedDescriptor descriptor = OwnedDescriptor.Take(opened, "open");

        // EINVAL: a file system that can't sync directories, where the rename is as durable as it gets.
        if (Libc.Synchronize(descriptor) < 0 && ErrnoText.Last() is not Errno.EINVAL)
        {
            throw new IOException($"Syncing {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }
    }
}
