using Npgsql;
using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>The storage of a host in a PostgreSQL database that somebody else set up: one connection that writes, a pool that reads.</summary>
internal sealed class PostgresDatabase : IStorageEngine
{
    private readonly PostgresReader _reader;
    private readonly PostgresWriter _writer;

    private PostgresDatabase(NpgsqlDataSource database, PostgresWriter writer, string serviceId)
    {
        _reader = new PostgresReader(database, serviceId);
        _writer = writer;
        Grains = new PostgresGrainStorage(_reader, writer);
        Reminders = new PostgresReminderTable(database, writer, serviceId);
    }

    public IGrainStorage Grains { get; }

    public IReminderTable Reminders { get; }

    internal static async Task<PostgresDatabase> OpenAsync(
        NpgsqlDataSource database, TimeSpan patience, StorageOpening opening, CancellationToken cancellationToken)
    {
        try
        {
            var writer = await PostgresWriter.StartAsync(database, patience, opening, cancellationToken);
            return new PostgresDatabase(database, writer, opening.ServiceId);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new GrainStorageException("The database lacks the tables of grain storage: whoever owns it makes them before the host starts.", e);
        }
        catch (Exception e) when (PostgresFailure.IsOfDatabase(e))
        {
            throw new GrainStorageException("The grain storage can't be opened: " + PostgresFailure.Describe(e), e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _reader.DisposeAsync();
    }
}
