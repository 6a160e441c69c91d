namespace OrleansUem.Agent.Native;

/// <summary>
/// Appends to a file to which several processes append. O_APPEND puts each write as one piece at the end of that moment (open(2)); the framework's FileMode.Append
/// looks for the end once, when it opens, and two at a time overwrite each other.
/// </summary>
internal static class AppendedFile
{
    /// <summary>Appends in one write; the bytes and the file's name are on disk when this returns.</summary>
    /// <param name="path">The file; made for its owner's eyes only when missing.</param>
    /// <param name="bytes">What to append.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">No right to.</exception>
    public static void Append(string path, ReadOnlySpan<byte> bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
            file.Write(bytes);
            file.Flush(flushToDisk: true);
            return;
        }

        Create(path);
        int opened = Libc.Open(path, Libc.OpenWriteOnly | Libc.OpenAppend | Libc.OpenCloseOnExec);
        if (opened < 0)
        {
            throw new IOException($"Opening {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        using OwnedDescriptor descriptor = OwnedDescriptor.Take(opened, "open");
        nint written = Libc.Write(descriptor, bytes, bytes.Length);
        if (written < 0)
        {
            throw new IOException($"Writing {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        if (written < bytes.Length)
        {
            throw new IOException($"Writing {path} ended after {written} of {bytes.Length} bytes: the disk is full.");
        }

        if (Libc.Synchronize(descriptor) < 0)
        {
            throw new IOException($"Syncing {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        // Each time: who made the file may have been killed before its name was on disk.
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void Create(string path)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }
}
