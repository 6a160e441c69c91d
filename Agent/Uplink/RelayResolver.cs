using System.Net;
using System.Net.Sockets;
using OrleansUem.Agent.Identity;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// Resolves a relay's name before each attempt. When that fails, the addresses of the last success serve: the resolver itself may be
/// behind the tunnel that is to be opened again.
/// </summary>
internal sealed class RelayResolver(
    TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    // Arbitrary; bounds how long one attempt at a name takes.
    private const int MaxAddresses = 8;

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;
    private readonly Dictionary<string, IPAddress[]> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The addresses, in the order of RFC 6724 that the system gives, the one that last answered first.</summary>
    /// <exception cref="SocketException">The name does not resolve and never did.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(RelayAddress relay, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(relay.Host, out var literal))
        {
            return [literal];
        }

        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var known = _known.GetValueOrDefault(relay.Host) ?? [];
        try
        {
            var found = await _resolve(relay.Host, either.Token);
            var addresses = found.Where(a => a.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                .Take(MaxAddresses).ToArray();
            if (addresses.Length > 0)
            {
                var preferred = known.FirstOrDefault();
                var ordered = addresses.OrderByDescending(a => a.Equals(preferred)).ToArray();
                _known[relay.Host] = ordered;
                return ordered;
            }

            return known.Length > 0 ? known : throw new SocketException((int)SocketError.NoData);
        }
        catch (Exception e) when (known.Length > 0 && e is SocketException or OperationCanceledException)
        {
            // Expected without a resolver in reach; a cancellation by the caller goes on as one.
            cancellationToken.ThrowIfCancellationRequested();
            return known;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    /// <summary>Puts the address that answered first for the next time.</summary>
    public void Answered(RelayAddress relay, IPAddress address)
    {
        if (_known.TryGetValue(relay.Host, out var addresses))
        {
            _known[relay.Host] = [.. addresses.OrderByDescending(a => a.Equals(address))];
        }
    }
}
