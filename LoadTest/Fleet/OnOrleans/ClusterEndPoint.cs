using System.Net;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Where a silo of this build listens for other silos.</summary>
internal static class ClusterEndPoint
{
    public static IPEndPoint? Next() => new(IPAddress.Loopback, FreePort.Next());
}
