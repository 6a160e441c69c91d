using System.Net;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Edge;

/// <summary>An edge listens.</summary>
/// <param name="EdgeId">Its name.</param>
/// <param name="DeviceEndPoints">Where devices connect, with the ports that were taken for port 0.</param>
/// <param name="NodeEndPoints">Where nodes connect.</param>
/// <param name="UdpEndPoints">Where both find UDP; empty when it is not offered.</param>
/// <param name="IsLinked">Whether a silo is linked; without one the edge refuses to attach anyone until a link comes up.</param>
public sealed record EdgeReady(
    EdgeId EdgeId, IReadOnlyList<IPEndPoint> DeviceEndPoints, IReadOnlyList<IPEndPoint> NodeEndPoints, IReadOnlyList<IPEndPoint> UdpEndPoints, bool IsLinked);
