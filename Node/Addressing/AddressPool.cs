using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Addressing;

/// <summary>
/// Gives each device one address of a prefix, the same one every time. The first address of hosts is the node's own; network and broadcast address are not given
/// out. Pure: no clock, no storage. Not for concurrent use.
/// </summary>
internal sealed class AddressPool
{
    /// <summary>The widest pool: 2^20 addresses; the forwarding table has an entry for each.</summary>
    public const int PrefixLengthMin = 12;

    /// <summary>The narrowest pool: the node and one device.</summary>
    public const int PrefixLengthMax = 30;

    private readonly Dictionary<DeviceId, Ipv4Address> _byDevice = [];
    private readonly HashSet<Ipv4Address> _taken = [];
    private uint _next;

    public AddressPool(Ipv4Prefix prefix)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prefix.Length, PrefixLengthMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefix.Length, PrefixLengthMax);
        Prefix = prefix;
        NodeAddress = new Ipv4Address(prefix.Network.Value + 1);
        _next = NodeAddress.Value + 1;
    }

    public Ipv4Prefix Prefix { get; }

    public Ipv4Address NodeAddress { get; }

    /// <summary>Addresses that devices can have.</summary>
    public int Capacity => (int)(Prefix.Last.Value - NodeAddress.Value) - 1;

    public IReadOnlyDictionary<DeviceId, Ipv4Address> Assignments => _byDevice;

    /// <summary>Takes up a stored assignment.</summary>
    /// <returns>False when the address is not one for a device, or taken; the device then gets another one.</returns>
    public bool TryRestore(DeviceId device, Ipv4Address address)
    {
        if (address <= NodeAddress || address >= Prefix.Last || _byDevice.ContainsKey(device) || !_taken.Add(address))
        {
            return false;
        }

        _byDevice.Add(device, address);
        return true;
    }

    /// <summary>The device's address; assigns the next free one to a new device.</summary>
    /// <returns>False when the pool is used up.</returns>
    public bool TryAssign(DeviceId device, out Ipv4Address address, out bool isNew)
    {
        isNew = !_byDevice.TryGetValue(device, out address);
        if (!isNew)
        {
            return true;
        }

        if (_taken.Count >= Capacity)
        {
            return false;
        }

        // An address that nobody had since the start comes first, so that one rarely passes from device to device.
        for (address = new Ipv4Address(_next); !_taken.Add(address); address = After(address))
        {
        }

        _next = After(address).Value;
        _byDevice.Add(device, address);
        return true;
    }

    private Ipv4Address After(Ipv4Address address) =>
        new(address.Value + 1 < Prefix.Last.Value ? address.Value + 1 : NodeAddress.Value + 1);
}
