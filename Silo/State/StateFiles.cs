using System.Text;

namespace OrleansUem.Silo.State;

/// <summary>Names of the files in a silo's state directory, and how they are written: for the owner's eyes only, and whole or not at all.</summary>
internal static class StateFiles
{
    /// <summary>Written last by <see cref="SiloInit"/>: a directory without it was not set up to the end.</summary>
    public const string Marker = "silo.json";

    public const string RootCertificate = "installation.crt.pem";
    public const string RootKey = "installation.key.pem";
    public const string SiloCredentials = "silo.pem";
    public const string TenantTagKey = "tenant-tag.key";
    public const string Database = "grains.db";
    public const string Inventory = "inventory.db";
    public const string AdminSocket = "admin.sock";
    public const string Lock = "silo.lock";

    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Makes a directory of mode 0700, or takes an existing one as it is.</summary>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerDirectory);
    }

    /// <summary>Gives an existing file mode 0600, a directory 0700.</summary>
    public static void Restrict(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, Directory.Exists(path) ? OwnerDirectory : OwnerFile);
        }
    }

    /// <summary>Whether others than the owner have any access.</summary>
    public static bool IsOpenToOthers(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0;

    /// <summary>Writes a text of mode 0600: a temporary file beside it, flushed to the disk, then renamed over it.</summary>
    public static void Write(string path, string text)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
