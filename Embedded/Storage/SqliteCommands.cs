using System.Globalization;
using Microsoft.Data.Sqlite;
using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>The prepared statements of one connection over the tables of Orleans' AdoNet providers.</summary>
internal sealed class SqliteCommands : IDisposable
{
    // The tables of Orleans' Sqlite-Persistence.sql and of its reminder scripts.
    internal const string Schema = """
        CREATE TABLE IF NOT EXISTS OrleansStorage(
          GrainIdHash INT NOT NULL, GrainIdN0 BIGINT NOT NULL, GrainIdN1 BIGINT NOT NULL, GrainTypeHash INT NOT NULL,
          GrainTypeString NVARCHAR(512) NOT NULL, GrainIdExtensionString NVARCHAR(512) NULL, ServiceId NVARCHAR(150) NOT NULL,
          PayloadBinary BLOB NULL, ModifiedOn DATETIME NOT NULL, Version INT NULL);
        CREATE INDEX IF NOT EXISTS IX_OrleansStorage ON OrleansStorage(GrainIdHash, GrainTypeHash);
        CREATE TABLE IF NOT EXISTS OrleansRemindersTable(
          ServiceId NVARCHAR(150) NOT NULL, GrainId NVARCHAR(150) NOT NULL, ReminderName NVARCHAR(150) NOT NULL,
          StartTime DATETIME NOT NULL, Period BIGINT NOT NULL, GrainHash INT NOT NULL, Version INT NOT NULL,
          PRIMARY KEY(ServiceId, GrainId, ReminderName));
        """;

    private const string Row = """
        GrainIdHash = @idHash AND GrainTypeHash = @typeHash AND GrainIdN0 = @n0 AND GrainIdN1 = @n1
        AND GrainTypeString = @type AND GrainIdExtensionString IS @key AND ServiceId = @service
        """;

    private static readonly string[] RowNames = ["@idHash", "@typeHash", "@n0", "@n1", "@type", "@key", "@service"];

    private readonly SqliteConnection _connection;
    private readonly string _serviceId;
    private readonly SqliteCommand _read;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _update;
    private readonly SqliteCommand _upsertReminder;
    private readonly SqliteCommand _removeReminder;

    internal SqliteCommands(SqliteConnection connection, string serviceId)
    {
        _connection = connection;
        _serviceId = serviceId;
        Begin = Make("BEGIN IMMEDIATE");
        Commit = Make("COMMIT");
        _read = Make($"SELECT Version, PayloadBinary FROM OrleansStorage WHERE {Row} LIMIT 1", RowNames);
        _insert = Make(
            "INSERT INTO OrleansStorage(GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainTypeString, GrainIdExtensionString, " +
            "ServiceId, PayloadBinary, ModifiedOn, Version) " +
            $"SELECT @idHash, @typeHash, @n0, @n1, @type, @key, @service, @payload, @now, 1 " +
            $"WHERE NOT EXISTS (SELECT 1 FROM OrleansStorage WHERE {Row})",
            [.. RowNames, "@payload", "@now"]);
        _update = Make(
            $"UPDATE OrleansStorage SET PayloadBinary = @payload, ModifiedOn = @now, Version = Version + 1 WHERE {Row} AND Version = @version",
            [.. RowNames, "@payload", "@now", "@version"]);
        _upsertReminder = Make(
            "INSERT INTO OrleansRemindersTable(ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version) " +
            "VALUES(@service, @grain, @name, @start, @period, @hash, 0) ON CONFLICT(ServiceId, GrainId, ReminderName) DO UPDATE SET " +
            "StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = Version + 1 RETURNING Version",
            "@service", "@grain", "@name", "@start", "@period", "@hash");
        _removeReminder = Make(
            "DELETE FROM OrleansRemindersTable WHERE ServiceId = @service AND GrainId = @grain AND ReminderName = @name AND Version = @version",
            "@service", "@grain", "@name", "@version");
    }

    internal SqliteCommand Begin { get; }

    internal SqliteCommand Commit { get; }

    /// <summary>The version and the payload of a row; null without a row.</summary>
    internal (int Version, byte[]? Payload)? Read(in StorageRow row)
    {
        SetRow(_read, row);
        using var reader = _read.ExecuteReader();
        if (!reader.Read())
        {
            return null;
        }

        return (reader.GetInt32(0), reader.IsDBNull(1) ? null : (byte[])reader.GetValue(1));
    }

    /// <summary>Stores a payload over the version that the writer read; false when the row has another.</summary>
    internal bool Write(in StorageRow row, byte[]? payload, int? version, DateTimeOffset now)
    {
        var command = version is null ? _insert : _update;
        SetRow(command, row);
        command.Parameters["@payload"].Value = (object?)payload ?? DBNull.Value;
        command.Parameters["@now"].Value = now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        if (version is not null)
        {
            command.Parameters["@version"].Value = version.Value;
        }

        return command.ExecuteNonQuery() == 1;
    }

    internal int UpsertReminder(ReminderEntry entry)
    {
        var grain = entry.GrainId.ToString();
        SetReminder(_upsertReminder, grain, entry.Name);
        _upsertReminder.Parameters["@start"].Value =
            entry.StartAt.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture);

        // Orleans keeps the period in milliseconds.
        _upsertReminder.Parameters["@period"].Value = (long)entry.Period.TotalMilliseconds;
        _upsertReminder.Parameters["@hash"].Value = StableHash.OfGrain(entry.GrainId);
        return Convert.ToInt32(_upsertReminder.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    internal bool RemoveReminder(GrainId grainId, string name, int version)
    {
        SetReminder(_removeReminder, grainId.ToString(), name);
        _removeReminder.Parameters["@version"].Value = version;
        return _removeReminder.ExecuteNonQuery() == 1;
    }

    internal List<ReminderEntry> LoadReminders()
    {
        using var command = _connection.CreateCommand();
        command.CommandText =
            "SELECT GrainId, ReminderName, StartTime, Period, Version FROM OrleansRemindersTable WHERE ServiceId = @service";
        command.Parameters.AddWithValue("@service", _serviceId);
        using var reader = command.ExecuteReader();
        var entries = new List<ReminderEntry>();
        while (reader.Read())
        {
            var start = DateTime.Parse(
                reader.GetString(2), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
            entries.Add(new ReminderEntry(
                GrainId.Parse(reader.GetString(0)), reader.GetString(1), start, TimeSpan.FromMilliseconds(reader.GetInt64(3)), reader.GetInt32(4)));
        }

        return entries;
    }

    public void Dispose()
    {
        foreach (var command in new[] { Begin, Commit, _read, _insert, _update, _upsertReminder, _removeReminder })
        {
            command.Dispose();
        }
    }

    private void SetReminder(SqliteCommand command, string grain, string name)
    {
        command.Parameters["@service"].Value = _serviceId;
        command.Parameters["@grain"].Value = grain;
        command.Parameters["@name"].Value = name;
    }

    private void SetRow(SqliteCommand command, in StorageRow row)
    {
        var parameters = command.Parameters;
        parameters[0].Value = row.Key.Hash;
        parameters[1].Value = row.TypeHash;
        parameters[2].Value = row.Key.N0;
        parameters[3].Value = row.Key.N1;
        parameters[4].Value = row.StateName;
        parameters[5].Value = (object?)row.Key.Text ?? DBNull.Value;
        parameters[6].Value = _serviceId;
    }

    private SqliteCommand Make(string text, params string[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var name in parameters)
        {
            command.Parameters.Add(new SqliteParameter(name, DBNull.Value));
        }

        return command;
    }
}
