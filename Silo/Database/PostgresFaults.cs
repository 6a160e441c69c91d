using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace OrleansUem.Silo.Database;

/// <summary>What went wrong with PostgreSQL, in one line for the operator who starts a silo.</summary>
internal static class PostgresFaults
{
    /// <summary>Describes a failure. Its cause is kept when trying again may help.</summary>
    /// <param name="fault">What Npgsql threw.</param>
    /// <param name="connection">Where to.</param>
    public static SiloStartException Describe(Exception fault, NpgsqlConnectionStringBuilder connection)
    {
        var server = ServerOf(connection);
        return fault switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                new($"PostgreSQL at {server} refuses the password of user '{connection.Username}'. Correct the database file or its Passfile."),
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } e =>
                new($"PostgreSQL at {server} does not let user '{connection.Username}' in: {e.MessageText} Check pg_hba.conf and the database file."),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                new($"PostgreSQL at {server} has no database '{connection.Database}'. Make it: CREATE DATABASE {connection.Database} OWNER {connection.Username}"),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } e =>
                new($"User '{connection.Username}' lacks rights in database '{connection.Database}' at {server}: {e.MessageText}. Make it the owner: ALTER DATABASE {connection.Database} OWNER TO {connection.Username}"),
            PostgresException { SqlState: PostgresErrorCodes.DuplicateTable } e =>
                new($"Database '{connection.Database}' at {server} holds tables of another program ({e.MessageText}). Give the installation a database of its own."),
            PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } =>
                new($"Another silo has been changing the tables of database '{connection.Database}' at {server} for too long. Start again when it is done.", fault),
            PostgresException e => new($"PostgreSQL at {server} says {e.SqlState}: {e.MessageText}.", IsPassing(e) ? fault : null),
            _ when Find<AuthenticationException>(fault) is { } e =>
                new($"PostgreSQL at {server} could not be verified: {e.Message} Name its CA with 'Root Certificate=FILE' in the database file."),
            _ when Find<TimeoutException>(fault) is not null =>
                new($"PostgreSQL at {server} did not answer within {connection.Timeout} s. Is it running, and is the way to it open?", fault),
            _ when Find<SocketException>(fault) is { } e =>
                new($"PostgreSQL at {server} can't be reached: {e.Message}. Is it running, and is the way to it open?", fault),
            _ => new($"PostgreSQL at {server}: {fault.Message}", fault is NpgsqlException { IsTransient: true } ? fault : null),
        };
    }

    /// <summary>Host and port, for people.</summary>
    public static string ServerOf(NpgsqlConnectionStringBuilder connection) =>
        connection.Host!.Contains(',', StringComparison.Ordinal) ? connection.Host : $"{connection.Host}:{connection.Port}";

    // Classes of PostgreSQL's appendix A: connection, resources, operator intervention.
    private static bool IsPassing(PostgresException fault) => fault.SqlState[..2] is "08" or "53" or "57";

    private static T? Find<T>(Exception? fault)
        where T : Exception
    {
        for (; fault is not null; fault = fault.InnerException)
        {
            if (fault is T found)
            {
                return found;
            }
        }

        return null;
    }
}
