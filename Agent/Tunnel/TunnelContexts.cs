using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// What all tunnels of one process share: the DTLS context with the process's own credentials, made once. Usable from any thread. Disposing it
/// leaves open tunnels intact.
/// </summary>
public sealed class TunnelContexts : IDisposable
{
    private TunnelContexts(TunnelRole role, PeerCredentials credentials, int mtuBytes, DtlsContext context)
    {
        Role = role;
        Credentials = credentials;
        MtuBytes = mtuBytes;
        Context = context;
    }

    /// <summary>Which end the tunnels of this process are.</summary>
    public TunnelRole Role { get; }

    /// <summary>The process's own credentials; the tenant's root in them is the one trust anchor. Owned by the caller.</summary>
    public PeerCredentials Credentials { get; }

    /// <summary>The largest packet that a tunnel carries.</summary>
    public int MtuBytes { get; }

    internal DtlsContext Context { get; }

    /// <summary>Loads the credentials into libssl.</summary>
    /// <param name="credentials">A device's or a node's; must outlive the tunnels.</param>
    /// <param name="mtuBytes">The largest packet, <see cref="TunnelLimits.MtuBytesMin"/>..<see cref="TunnelLimits.MtuBytesMax"/>.</param>
    /// <exception cref="DtlsUnavailableException">OpenSSL 3 is missing or too old.</exception>
    /// <exception cref="ArgumentException">Credentials of another role, or an MTU out of its bounds.</exception>
    public static TunnelContexts Create(PeerCredentials credentials, int mtuBytes = TunnelLimits.MtuBytesDefault)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        ArgumentOutOfRangeException.ThrowIfLessThan(mtuBytes, TunnelLimits.MtuBytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtuBytes, TunnelLimits.MtuBytesMax);
        var role = credentials.Identity.Role switch
        {
            PeerRole.Device => TunnelRole.Device,
            PeerRole.Node => TunnelRole.Node,
            _ => throw new ArgumentException($"Credentials of a {credentials.Identity.Role} are of no use in a tunnel; a Device's or Node's are.", nameof(credentials)),
        };
        var context = DtlsContext.Create(new DtlsContextOptions
        {
            Role = role == TunnelRole.Device ? DtlsRole.Client : DtlsRole.Server,
            Certificate = credentials.Certificate,
            MaxDatagramBytes = mtuBytes + DtlsContextOptions.RecordOverheadBytes,
        });
        return new TunnelContexts(role, credentials, mtuBytes, context);
    }

    /// <inheritdoc/>
    public void Dispose() => Context.Dispose();
}
