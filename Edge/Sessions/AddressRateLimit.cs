using System.Net;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// A <see cref="RateLimit"/> for each network address, in bounded memory: addresses share a fixed number of buckets by a hash that nobody outside can predict, so a stranger can't choose whom to starve. Thread-safe.
/// </summary>
internal sealed class AddressRateLimit
{
    /// <summary>A hundred busy addresses: each shares its bucket with another one with a chance of 1 in 11, 1 - (1 - 1/1,024)^99.</summary>
    private const int Buckets = 1_024;

    private const int BurstSeconds = 4;

    private readonly RateLimit[] _buckets;

    /// <param name="perSecond">For one address.</param>
    /// <param name="time">The clock.</param>
    public AddressRateLimit(int perSecond, TimeProvider time) =>
        _buckets = [.. Enumerable.Range(0, Buckets).Select(_ => new RateLimit(perSecond, BurstSeconds * perSecond, time))];

    public bool TryTake(IPAddress address) =>
        // HashCode is seeded at random in each process.
        _buckets[(uint)HashCode.Combine(AddressLimiter.KeyOf(address)) % Buckets].TryTake();
}
