using System.Net.Sockets;
using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>Sorts what Npgsql throws. Its texts hold no values and no passwords.</summary>
internal static class PostgresFailure
{
    /// <summary>Failed because of the database or the way to it, and not of us.</summary>
    internal static bool IsOfDatabase(Exception failure) => failure is NpgsqlException or TimeoutException or IOException or SocketException;

    /// <summary>The connection is of no use; nothing waited for a time-out, so another one may be tried at once.</summary>
    internal static bool IsBrokenConnection(NpgsqlException failure) => IsAway(failure) && failure.InnerException is not TimeoutException;

    /// <summary>
    /// No statement would fare better on this connection now: the server is away, stops, is out of resources (classes 08, 53, 57 of PostgreSQL's appendix A), or
    /// has become a standby (25006).
    /// </summary>
    internal static bool IsAway(Exception failure) =>
        failure is not PostgresException { SqlState: var state } || state[..2] is "08" or "53" or "57" || state == PostgresErrorCodes.ReadOnlySqlTransaction;

    /// <summary>One line.</summary>
    internal static string Describe(Exception failure) => failure switch
    {
        PostgresException e => $"PostgreSQL says {e.SqlState}, {e.MessageText}.",
        _ when failure.InnerException is TimeoutException || failure is TimeoutException => "PostgreSQL did not answer in time.",
        _ => $"PostgreSQL can't be reached: {(failure.InnerException ?? failure).Message}",
    };
}
