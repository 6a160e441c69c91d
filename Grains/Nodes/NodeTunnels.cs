namespace OrleansUem.Grains.Nodes;

/// <summary>The tunnels that a node carries: one for each device, at most the limit. Pure.</summary>
internal sealed class NodeTunnels(int limit)
{
    private readonly Dictionary<string, ulong> _tunnels = new(StringComparer.Ordinal);

    internal int Count => _tunnels.Count;

    /// <summary>Takes a tunnel on; a later one of the same device takes the place of the earlier one, an earlier one is refused.</summary>
    /// <returns>False when the node is full or the device has a later tunnel.</returns>
    internal bool TryAdmit(string deviceId, ulong tunnelId, bool isRecall)
    {
        if (_tunnels.TryGetValue(deviceId, out var there))
        {
            _tunnels[deviceId] = Math.Max(there, tunnelId);
            return tunnelId >= there;
        }

        if (_tunnels.Count >= limit && !isRecall)
        {
            return false;
        }

        _tunnels.Add(deviceId, tunnelId);
        return true;
    }

    internal bool Release(string deviceId, ulong tunnelId) =>
        _tunnels.TryGetValue(deviceId, out var there) && there == tunnelId && _tunnels.Remove(deviceId);

    /// <summary>Empties the table.</summary>
    /// <returns>The devices whose tunnels were in it.</returns>
    internal IReadOnlyList<string> TakeAll()
    {
        var devices = _tunnels.Keys.Order(StringComparer.Ordinal).ToArray();
        _tunnels.Clear();
        return devices;
    }
}
