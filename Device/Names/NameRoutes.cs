using System.Net;

namespace OrleansUem.Device.Names;

/// <summary>Who is asked for which names.</summary>
/// <param name="Work">The organisation's names.</param>
/// <param name="Tunnel">The servers behind the tunnel, best first; empty: work names fail at once, they are never asked elsewhere.</param>
/// <param name="Machine">The machine's own servers, best first.</param>
internal sealed record NameRoutes(WorkDomains Work, IReadOnlyList<IPEndPoint> Tunnel, IReadOnlyList<IPEndPoint> Machine)
{
    /// <summary>The port of name servers.</summary>
    public const int Port = 53;
}
