using System.Globalization;
using Npgsql;
using Xunit;

namespace OrleansUem.Tests.Kit;

/// <summary>
/// A PostgreSQL server of its own with a throw-away cluster: on a Unix socket in its folder, where everybody is trusted, and on a loopback port, where
/// passwords count. As root it runs as the user postgres, since PostgreSQL refuses root. Texts sort by ICU's English rules, which are not those of bytes.
/// Nothing is flushed to the disk: a killed server loses nothing, a killed machine may.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>The role that databases of tests belong to, and its password.</summary>
    public const string UserName = "uem";
    public const string Password = "pass word;1";

    private const string AdminName = "test_admin";

    private string _folder = "";
    private ProcessUnderTest? _process;

    /// <summary>The folder of the Unix socket; it is reached from every network namespace.</summary>
    public string SocketFolder => _folder;

    public int Port { get; private set; }

    /// <summary>The server's folder of programs, or null.</summary>
    public static string? FindPrograms() => CommandPath.Find("postgres") is { } onPath
        ? Path.GetDirectoryName(onPath)
        : Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql")
                .Select(version => Path.Combine(version, "bin"))
                .Where(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
                .OrderDescending()
                .FirstOrDefault()
            : null;

    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        await server.InitializeAsync();
        return server;
    }

    /// <summary>Starts; does nothing where PostgreSQL is missing, since the tests that need it are skipped then.</summary>
    public async Task InitializeAsync()
    {
        if (RequirementCheck.FindMissing(Requirement.Postgres, []) is not null)
        {
            return;
        }

        _folder = Directory.CreateTempSubdirectory("uem-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", _folder);
        }

        await RunAsync("chmod", "711", _folder);
        await RunAsServerAsync("initdb", "-D", DataFolder, "-U", AdminName, "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en", "--no-sync");
        Port = FreePort.Next();
        await StartServerAsync();
        await RunSqlAsync("postgres", $"CREATE ROLE {UserName} LOGIN PASSWORD '{Password}'");
    }

    /// <summary>Starts the server after it was stopped or killed.</summary>
    public async Task StartServerAsync()
    {
        var (command, prefix) = AsServer("postgres");
        _process = ProcessUnderTest.Start(
            null,
            command,
            [
                .. prefix, "-D", DataFolder, "-k", _folder, "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture),
                "-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning",
            ]);
        await _process.WaitForLineAsync("PostgreSQL starts", line => line.Contains("ready to accept connections", StringComparison.Ordinal));
    }

    /// <summary>Stops it at once, as a crash does; connections break.</summary>
    public async Task KillAsync()
    {
        // SIGQUIT: immediate shutdown. SIGKILL would leave its children behind.
        _process!.Quit();
        await _process.WaitForExitAsync("PostgreSQL ends");
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Stops every process of the server, as a machine that hangs: connections stay and nothing answers.</summary>
    public Task FreezeAsync() => SignalAllAsync("STOP");

    public Task ResumeAsync() => SignalAllAsync("CONT");

    /// <summary>A new database that belongs to <see cref="UserName"/>.</summary>
    /// <returns>Its connection string, over the Unix socket.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await RunSqlAsync("postgres", $"CREATE DATABASE {name} OWNER {UserName}");
        return ConnectionTo(name).ConnectionString;
    }

    /// <summary>The connection of tests to a database, over the Unix socket.</summary>
    public NpgsqlConnectionStringBuilder ConnectionTo(string database) => new()
    {
        Host = _folder,
        Port = Port,
        Database = database,
        Username = UserName,
    };

    /// <summary>Runs a statement as the superuser.</summary>
    public async Task RunSqlAsync(string database, string text)
    {
        var connection = ConnectionTo(database);
        connection.Username = AdminName;
        connection.Pooling = false;
        await using var source = NpgsqlDataSource.Create(connection.ConnectionString);
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await ResumeAsync();
            await KillAsync();
        }

        if (_folder.Length > 0)
        {
            Directory.Delete(_folder, recursive: true);
            _folder = "";
        }
    }

    async Task IAsyncLifetime.DisposeAsync() => await DisposeAsync();

    private string DataFolder => Path.Combine(_folder, "data");

    // setpriv becomes the program, so that the process is the server itself.
    private static (string Command, string[] Arguments) AsServer(string program)
    {
        var path = Path.Combine(FindPrograms()!, program);
        return Environment.IsPrivilegedProcess
            ? ("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path])
            : (path, []);
    }

    private static async Task RunAsServerAsync(string program, params string[] arguments)
    {
        var (command, prefix) = AsServer(program);
        await RunAsync(command, [.. prefix, .. arguments]);
    }

    private static async Task RunAsync(string command, params string[] arguments) =>
        (await ProcessUnderTest.RunAsync(null, command, TimeSpan.FromSeconds(60), command, arguments)).EnsureSuccess();

    // One by one, since each child leads a process group of its own; the server first, so that it makes no more children.
    private async Task SignalAllAsync(string signal)
    {
        var server = _process!.ProcessId.ToString(CultureInfo.InvariantCulture);
        await ProcessUnderTest.RunAsync(null, "signal", null, "kill", "-" + signal, server);
        var children = (await ProcessUnderTest.RunAsync(null, "children", null, "pgrep", "-P", server)).Output;
        await ProcessUnderTest.RunAsync(
            null, "signal", null, "kill", ["-" + signal, .. children.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]);
    }
}
