using System.Text;
using System.Text.Json;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Names;

/// <summary>
/// /etc/resolv.conf while it is ours, and what was there before. That is on disk in the state directory before the file is touched, so that whoever comes next can put it back: the
/// end of the agent, <c>uem device down</c>, the next start.
/// <para>
/// The file is replaced by a rename; where that is not possible because the file itself is mounted (containers) or its directory is read-only, it is written in place. A symbolic link (NetworkManager,
/// resolvconf) is replaced as a link and put back as one: what it points to stays its owner's. Ours is known by its first line; a file without it was rewritten by
/// somebody else and is left alone.
/// </para>
/// </summary>
internal sealed class ResolverFile
{
    /// <summary>The document in the state directory.</summary>
    public const string DocumentName = "names.json";

    public const string DefaultPath = "/etc/resolv.conf";

    private const string MarkStart = "Written by uem device up, which puts the former file back at its end. ";

    // A resolver's file has a few lines; what is longer is none.
    private const long BytesMax = 64 * 1024;

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly StateDirectory _state;
    private readonly string _path;
    private readonly string _mark = MarkStart + Guid.NewGuid().ToString("N");

    /// <param name="stateDirectory">Locked by this process.</param>
    /// <param name="path">The file.</param>
    public ResolverFile(string stateDirectory, string path) => (_state, _path) = (new StateDirectory(stateDirectory), path);

    /// <summary>What was there when it was taken, or taken again.</summary>
    public ResolverConf Former { get; private set; } = new([], [], []);

    /// <summary>Where the former text came from: the file, or what it was a link to.</summary>
    public string Source { get; private set; } = "";

    /// <summary>Whether the file is ours at this moment.</summary>
    public bool IsOurs => MarkOf(ReadText(_path)) == _mark;

    /// <summary>Reads what stands there now, without taking anything.</summary>
    /// <exception cref="IOException">Another agent has it, or it can't be read.</exception>
    public void Look()
    {
        var text = ReadText(_path);
        if (MarkOf(text) is { } mark && mark != _mark)
        {
            throw new IOException($"{_path} is taken by the agent of another state directory; end it with: uem device down --state DIR");
        }

        Source = new FileInfo(_path).LinkTarget is null ? _path : File.ResolveLinkTarget(_path, returnFinalTarget: true)?.FullName ?? _path;
        Former = ResolverConf.Parse(text);
    }

    /// <summary>Takes it. Again: with other domains, or after somebody else wrote it, whose text is then the former one.</summary>
    /// <param name="makeText">Makes our text from the mark and the former one.</param>
    /// <exception cref="IOException">It can't be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">No right to.</exception>
    /// <exception cref="AgentStateException">The former one can't be kept.</exception>
    public void Take(Func<string, ResolverConf, string> makeText)
    {
        if (!IsOurs)
        {
            Look();
            _state.Write(DocumentName, JsonSerializer.Serialize(Describe(), StateJson.StrictWeb) + "\n");
        }

        Put(_path, Encoding.UTF8.GetBytes(makeText(_mark, Former)), Readable);
    }

    /// <summary>Reads the former servers anew where they come from a file that is still its owner's.</summary>
    /// <returns>Whether they changed.</returns>
    public bool Refresh()
    {
        if (Source == _path)
        {
            return false;
        }

        var before = Former.Servers;
        Former = ResolverConf.Parse(ReadText(Source));
        return !before.SequenceEqual(Former.Servers);
    }

    /// <summary>Whether a state directory still holds what was there before.</summary>
    public static bool IsTaken(string stateDirectory) => new StateDirectory(stateDirectory).Has(DocumentName);

    /// <summary>Puts back what was there, when there is something to put back.</summary>
    /// <param name="stateDirectory">Locked by this process.</param>
    /// <returns>What was done, in one line; empty: nothing.</returns>
    /// <exception cref="DeviceFatalException">It can't be put back; the text says what to do.</exception>
    public static string Restore(string stateDirectory)
    {
        var state = new StateDirectory(stateDirectory);
        if (!state.Has(DocumentName))
        {
            return "";
        }

        var where = state.PathOf(DocumentName);
        try
        {
            var document = JsonSerializer.Deserialize<ResolverFileDocument>(state.Read(DocumentName), StateJson.StrictWeb);
            if (document is not { Version: ResolverFileDocument.CurrentVersion })
            {
                throw new DeviceFatalException(Reason.InternalError, $"{where} is of another version of this program. Put {DefaultPath} in order by hand and remove {where}.");
            }

            var isOurs = MarkOf(ReadText(document.Path)) == document.Mark;
            if (isOurs)
            {
                PutBack(document);
            }

            state.Delete(DocumentName);
            return isOurs ? $"{document.Path} is as it was before." : $"{document.Path} was rewritten by somebody else meanwhile and is left as it is.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException or AgentStateException)
        {
            throw new DeviceFatalException(
                Reason.InternalError, $"The former name servers can't be put back: {e.Message} They stand in {where} (base64); put {DefaultPath} in order by hand and remove that file.", e);
        }
    }

    private ResolverFileDocument Describe()
    {
        var document = new ResolverFileDocument { Version = ResolverFileDocument.CurrentVersion, Path = _path, Mark = _mark };
        var file = new FileInfo(_path);
        return file.LinkTarget is { } target ? document with { Target = target }
            : file.Exists ? document with { Content = Convert.ToBase64String(File.ReadAllBytes(_path)), Mode = OperatingSystem.IsWindows() ? 0 : (int)File.GetUnixFileMode(_path) }
            : document;
    }

    private static void PutBack(ResolverFileDocument document)
    {
        if (document.Content is { } content)
        {
            Put(document.Path, Convert.FromBase64String(content), (UnixFileMode)document.Mode);
        }
        else if (document.Target is { } target)
        {
            var beside = Beside(document.Path);
            File.Delete(beside);
            File.CreateSymbolicLink(beside, target);
            File.Move(beside, document.Path, overwrite: true);
        }
        else
        {
            File.Delete(document.Path);
        }
    }

    private static void Put(string path, byte[] bytes, UnixFileMode mode)
    {
        var beside = Beside(path);
        try
        {
            File.Delete(beside);
            using (var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None }))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(beside, mode);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && new FileInfo(path) is { Exists: true, LinkTarget: null })
        {
            // A file that is mounted itself can't be replaced (EBUSY), and its directory may be read-only.
            TryDelete(beside);
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(bytes);
            file.SetLength(bytes.Length);
            file.Flush(flushToDisk: true);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What could not be made need not go.
        }
    }

    private static string Beside(string path) => path + ".uem";

    private static string ReadText(string path)
    {
        var file = new FileInfo(path);
        return !File.Exists(path) ? ""
            : (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length > BytesMax ? throw new IOException($"{path} has more than {BytesMax} bytes: it is no resolver's file.")
            : File.ReadAllText(path);
    }

    private static string? MarkOf(string text)
    {
        var line = text.Split('\n', 2)[0];
        return line.StartsWith("# " + MarkStart, StringComparison.Ordinal) ? line[2..].TrimEnd() : null;
    }
}
