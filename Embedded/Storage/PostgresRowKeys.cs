using Npgsql;

namespace OrleansUem.Embedded.Storage;

/// <summary>The keys of many rows, as the array parameters of one statement.</summary>
internal sealed class PostgresRowKeys
{
    private readonly List<int> _idHashes = [];
    private readonly List<int> _typeHashes = [];
    private readonly List<long> _n0s = [];
    private readonly List<long> _n1s = [];
    private readonly List<string> _types = [];
    private readonly List<string> _texts = [];

    /// <summary>Adds the parameters $1 to $6. They show the rows of the moment in which the command runs.</summary>
    internal void AddTo(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<List<int>> { TypedValue = _idHashes });
        parameters.Add(new NpgsqlParameter<List<int>> { TypedValue = _typeHashes });
        parameters.Add(new NpgsqlParameter<List<long>> { TypedValue = _n0s });
        parameters.Add(new NpgsqlParameter<List<long>> { TypedValue = _n1s });
        parameters.Add(new NpgsqlParameter<List<string>> { TypedValue = _types });
        parameters.Add(new NpgsqlParameter<List<string>> { TypedValue = _texts });
    }

    internal void Clear()
    {
        _idHashes.Clear();
        _typeHashes.Clear();
        _n0s.Clear();
        _n1s.Clear();
        _types.Clear();
        _texts.Clear();
    }

    internal void Add(in StorageRow row)
    {
        _idHashes.Add(row.Key.Hash);
        _typeHashes.Add(row.TypeHash);
        _n0s.Add(row.Key.N0);
        _n1s.Add(row.Key.N1);
        _types.Add(row.StateName);
        _texts.Add(row.Key.Text ?? "");
    }
}
