using System.Data.Common;
using Npgsql;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Database;

/// <summary>
/// Reads the file that names the PostgreSQL database of an installation: keywords of Npgsql as <c>Keyword=value</c>, on one line with semicolons or on a line
/// each; lines that begin with # are comments. A file, since a command line is seen by everybody on the machine; it may leave the password to a
/// <c>Passfile</c> of its own (the form of ~/.pgpass). No error repeats a value.
/// </summary>
internal static class DatabaseFile
{
    /// <summary>The longest file; a connection string has some 200 bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Seconds to a connection: below the 10 s of a control request (ControlLinkLimits), so that an edge hears of the failure and not of a time-out.</summary>
    private const int ConnectSeconds = 3;

    /// <summary>Seconds for a command, for the same reason; ours take milliseconds.</summary>
    private const int CommandSeconds = 5;

    /// <summary>Milliseconds that a cancelled command has to end before its connection is given up.</summary>
    private const int CancelMilliseconds = 500;

    /// <summary>Connections of one silo: reads of grains at a time, and one for each writer. Arbitrary: PostgreSQL's default allows 100 for all silos.</summary>
    private const int MaxConnections = 24;

    /// <summary>Reads the file and fills in what it does not say.</summary>
    /// <param name="path">The file.</param>
    /// <param name="silo">The silo's name, for <c>pg_stat_activity</c>.</param>
    /// <exception cref="SiloStartException">It can't be read, is open to others, or does not name a database.</exception>
    public static NpgsqlConnectionStringBuilder Read(string path, string silo)
    {
        var connection = Parse(path, ReadText(path));
        if (string.IsNullOrWhiteSpace(connection.Host))
        {
            throw Wrong(path, "Host is missing: a name, an address, or the directory of a Unix socket such as /var/run/postgresql.");
        }

        if (string.IsNullOrWhiteSpace(connection.Database))
        {
            throw Wrong(path, "Database is missing.");
        }

        if (string.IsNullOrWhiteSpace(connection.Username))
        {
            throw Wrong(path, "Username is missing.");
        }

        if (connection.Port is < 1 or > System.Net.IPEndPoint.MaxPort)
        {
            throw Wrong(path, $"Port is {connection.Port}: must be 1..{System.Net.IPEndPoint.MaxPort}.");
        }

        SetDefaults(connection, silo);
        return connection;
    }

    private static string ReadText(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                throw new SiloStartException($"The database file {path} does not exist. It holds one line: Host=...;Database=...;Username=...;Password=...");
            }

            if (StateFiles.IsOpenToOthers(path))
            {
                throw new SiloStartException($"The database file {path} is readable by others than its owner: chmod 600 {path}, and change the password if it holds one.");
            }

            return new FileInfo(path).Length <= MaxBytes
                ? File.ReadAllText(path)
                : throw Wrong(path, $"it has more than {MaxBytes} bytes.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SiloStartException($"The database file {path} can't be read: {e.Message}");
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string path, string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#');
        var words = new DbConnectionStringBuilder();
        try
        {
            words.ConnectionString = string.Join(';', lines);
        }
        catch (ArgumentException)
        {
            // The exception's text holds the part that does not parse, which may be a password.
            throw Wrong(path, "it is not a list of Keyword=value with semicolons or line ends between; a value with a semicolon stands in quotes.");
        }

        var connection = new NpgsqlConnectionStringBuilder();
        foreach (string keyword in words.Keys)
        {
            try
            {
                connection[keyword] = words[keyword];
            }
            catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException or KeyNotFoundException)
            {
                throw Wrong(path, $"'{keyword}' is no keyword of Npgsql, or its value is none that the keyword takes.");
            }
        }

        return connection;
    }

    private static void SetDefaults(NpgsqlConnectionStringBuilder connection, string silo)
    {
        SetDefault(connection, "Application Name", "uem " + silo);
        SetDefault(connection, "Timeout", ConnectSeconds);
        SetDefault(connection, "Command Timeout", CommandSeconds);
        SetDefault(connection, "Cancellation Timeout", CancelMilliseconds);
        SetDefault(connection, "Maximum Pool Size", MaxConnections);
        if (connection.Host!.Contains(',', StringComparison.Ordinal))
        {
            SetDefault(connection, "Target Session Attributes", "primary");
        }

        // Npgsql's own default takes any certificate, and none. On the machine itself there is nobody in between.
        if (!IsOnThisMachine(connection.Host))
        {
            SetDefault(connection, "SSL Mode", nameof(SslMode.VerifyFull));
        }

        // Neither rows nor passwords in exceptions, which are logged.
        connection.IncludeErrorDetail = false;
        connection.PersistSecurityInfo = false;
        connection.Enlist = false;
    }

    private static void SetDefault(NpgsqlConnectionStringBuilder connection, string keyword, object value)
    {
        if (!connection.ShouldSerialize(keyword))
        {
            connection[keyword] = value;
        }
    }

    private static bool IsOnThisMachine(string host) =>
        host[0] is '/' or '@' || host == "localhost" || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));

    private static SiloStartException Wrong(string path, string what) => new($"The database file {path} is not usable: {what}");
}
