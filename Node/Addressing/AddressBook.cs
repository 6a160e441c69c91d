using System.Text.Json;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Addressing;

/// <summary>
/// The pool with its file, addresses.json. An assignment is in force at once and on disk soon after: a crash in between costs a new device its number, never two
/// devices the same one. Safe from any thread.
/// </summary>
internal sealed class AddressBook
{
    internal const string FileName = "addresses.json";

    private readonly Lock _lock = new();
    private readonly StateDirectory _files;
    private readonly AddressPool _pool;
    private bool _isChanged;

    public AddressBook(StateDirectory files, Ipv4Prefix pool)
    {
        _files = files;
        _pool = new AddressPool(pool);
        foreach (var (name, text) in Read())
        {
            // What does not fit the pool, because the operator changed it, is given anew.
            if (DeviceId.TryParse(name, out var device) && Ipv4Address.TryParse(text, out var address))
            {
                _pool.TryRestore(device, address);
            }
        }
    }

    public Ipv4Prefix Prefix => _pool.Prefix;

    public Ipv4Address NodeAddress => _pool.NodeAddress;

    public int Capacity => _pool.Capacity;

    /// <returns>False when the pool is used up.</returns>
    public bool TryAssign(DeviceId device, out Ipv4Address address, out bool isNew)
    {
        lock (_lock)
        {
            var isAssigned = _pool.TryAssign(device, out address, out isNew);
            _isChanged |= isNew && isAssigned;
            return isAssigned;
        }
    }

    /// <summary>Writes what has changed since the last time.</summary>
    /// <exception cref="AgentStateException">It can't be written; the next call tries again.</exception>
    public void Save()
    {
        string text;
        lock (_lock)
        {
            if (!_isChanged)
            {
                return;
            }

            _isChanged = false;
            text = JsonSerializer.Serialize(
                _pool.Assignments.OrderBy(pair => pair.Value).ToDictionary(pair => pair.Key.Text, pair => pair.Value.ToString()));
        }

        try
        {
            _files.Write(FileName, text + "\n");
        }
        catch (AgentStateException)
        {
            lock (_lock)
            {
                _isChanged = true;
            }

            throw;
        }
    }

    private Dictionary<string, string> Read()
    {
        try
        {
            return _files.Has(FileName) ? JsonSerializer.Deserialize<Dictionary<string, string>>(_files.Read(FileName)) ?? [] : [];
        }
        catch (JsonException e)
        {
            throw new AgentStateException(
                $"{_files.PathOf(FileName)} is damaged: {e.Message} Delete it: devices then get new addresses.", e);
        }
    }
}
