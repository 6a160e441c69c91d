using System.Net;

namespace OrleansUem.Transport;

/// <summary>
/// Lets so many handshakes run at a time, in all and for each address as <see cref="AddressLimiter"/> counts them; the others wait. A connection that says
/// nothing holds its place until the limit of the handshake, so without the share of an address one host with as many idle sockets as there are places
/// would keep everybody out. Thread-safe.
/// </summary>
internal sealed class HandshakeGate : IDisposable
{
    /// <summary>One address gets this part of the places, at least one.</summary>
    public const int AddressShare = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, AddressPlaces> _addresses = [];
    private readonly SemaphoreSlim _all;
    private readonly int _maxPerAddress;

    /// <param name="max">How many may run at a time.</param>
    public HandshakeGate(int max)
    {
        _all = new SemaphoreSlim(max);
        _maxPerAddress = Math.Max(1, max / AddressShare);
    }

    /// <summary>Addresses that have a handshake, or wait for one.</summary>
    public int AddressCount
    {
        get
        {
            lock (_lock)
            {
                return _addresses.Count;
            }
        }
    }

    /// <summary>Waits for a place. The address's own comes first: who waits for it takes nothing from others.</summary>
    /// <returns>The place; disposing it gives it back.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<IDisposable> EnterAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var key = AddressLimiter.KeyOf(address);
        var places = Take(key);
        try
        {
            await places.Free.WaitAsync(cancellationToken);
            try
            {
                await _all.WaitAsync(cancellationToken);
                return new Place(this, key, places);
            }
            catch
            {
                places.Free.Release();
                throw;
            }
        }
        catch
        {
            Return(key, places);
            throw;
        }
    }

    /// <summary>After the last place came back.</summary>
    public void Dispose() => _all.Dispose();

    private AddressPlaces Take(ulong key)
    {
        lock (_lock)
        {
            if (!_addresses.TryGetValue(key, out var places))
            {
                places = new AddressPlaces(_maxPerAddress);
                _addresses.Add(key, places);
            }

            places.Users++;
            return places;
        }
    }

    private void Return(ulong key, AddressPlaces places)
    {
        lock (_lock)
        {
            if (--places.Users == 0)
            {
                _addresses.Remove(key);
                places.Dispose();
            }
        }
    }

    private sealed class AddressPlaces(int max) : IDisposable
    {
        public readonly SemaphoreSlim Free = new(max);

        /// <summary>Handshakes that run or wait; guarded by the gate's lock.</summary>
        public int Users;

        public void Dispose() => Free.Dispose();
    }

    private sealed class Place(HandshakeGate gate, ulong key, AddressPlaces places) : IDisposable
    {
        public void Dispose()
        {
            gate._all.Release();
            places.Free.Release();
            gate.Return(key, places);
        }
    }
}
