namespace OrleansUem.Device.Names;

/// <summary>Says when the resolver's file, or the file that it was a link to, may have changed. A burst of changes counts once.</summary>
internal sealed class ResolverWatch : IDisposable
{
    // Arbitrary: whoever writes it has written it whole by then.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly ITimer _timer;

    /// <param name="path">The file.</param>
    /// <param name="source">What it was a link to; the same when it was none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onChanged">Called on any thread.</param>
    public ResolverWatch(string path, string source, TimeProvider time, Action onChanged)
    {
        Source = source;
        _timer = time.CreateTimer(static act => ((Action)act!)(), onChanged, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            foreach (var file in new[] { path, source }.Distinct())
            {
                if (Path.GetDirectoryName(file) is { Length: > 0 } folder && Directory.Exists(folder))
                {
                    Watch(folder, Path.GetFileName(file));
                }
            }
        }
        catch
        {
            // No more watches for this user (fs.inotify): those that there are go as well.
            Dispose();
            throw;
        }
    }

    /// <summary>What the file was a link to.</summary>
    public string Source { get; }

    public void Dispose()
    {
        _watchers.ForEach(watcher => watcher.Dispose());
        _timer.Dispose();
    }

    private void Watch(string folder, string name)
    {
        var watcher = new FileSystemWatcher(folder, name) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size };
        _watchers.Add(watcher);
        watcher.Changed += OnChanged;
        watcher.Created += OnChanged;
        watcher.Deleted += OnChanged;
        watcher.Renamed += OnChanged;
        watcher.EnableRaisingEvents = true;
    }

    private void OnChanged(object sender, FileSystemEventArgs e) => _timer.Change(Settling, Timeout.InfiniteTimeSpan);
}
