using System.Net;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Where a silo of this build listens for other silos: nowhere, it is the only one.</summary>
internal static class ClusterEndPoint
{
    public static IPEndPoint? Next() => null;
}
