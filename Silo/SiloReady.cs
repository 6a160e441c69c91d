using System.Net;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo;

/// <summary>A silo that serves.</summary>
/// <param name="Installation">The installation's id: the pin of its root.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="ControlEndPoint">Where edges link; the port that was taken for port 0.</param>
/// <param name="AdminSocketPath">The Unix socket of the admin API.</param>
public sealed record SiloReady(TenantId Installation, SiloId Silo, IPEndPoint ControlEndPoint, string AdminSocketPath);
