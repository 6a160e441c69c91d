using Npgsql;
using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>Reminders in the table OrleansRemindersTable.</summary>
internal sealed class PostgresReminderTable(NpgsqlDataSource database, PostgresWriter writer, string serviceId) : IReminderTable
{
    public async Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable WHERE ServiceId = $1");
        command.Parameters.AddWithValue(serviceId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<ReminderEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new ReminderEntry(
                GrainId.Parse(reader.GetString(0)),
                reader.GetString(1),
                reader.GetDateTime(2),
                TimeSpan.FromMilliseconds(reader.GetInt64(3)),
                reader.GetInt32(4)));
        }

        return entries;
    }

    public Task<int> UpsertAsync(ReminderEntry entry) => writer.WriteAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO OrleansRemindersTable AS stored (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
            VALUES ($1, $2, $3, $4, $5, $6, 0)
            ON CONFLICT (ServiceId, GrainId, ReminderName) DO UPDATE
            SET StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = stored.Version + 1
            RETURNING Version
            """,
            connection);
        command.Parameters.AddWithValue(serviceId);
        command.Parameters.AddWithValue(entry.GrainId.ToString());
        command.Parameters.AddWithValue(entry.Name);
        command.Parameters.AddWithValue(entry.StartAt);

        // Orleans keeps the period in milliseconds.
        command.Parameters.AddWithValue((long)entry.Period.TotalMilliseconds);
        command.Parameters.AddWithValue(StableHash.OfGrain(entry.GrainId));
        return (int)(await command.ExecuteScalarAsync())!;
    });

    public Task<bool> RemoveAsync(GrainId grainId, string name, int version) => writer.WriteAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(
            "DELETE FROM OrleansRemindersTable WHERE ServiceId = $1 AND GrainId = $2 AND ReminderName = $3 AND Version = $4", connection);
        command.Parameters.AddWithValue(serviceId);
        command.Parameters.AddWithValue(grainId.ToString());
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(version);
        return await command.ExecuteNonQueryAsync() == 1;
    });
}
