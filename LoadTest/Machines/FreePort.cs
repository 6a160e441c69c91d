using System.Net;
using System.Net.Sockets;

namespace OrleansUem.LoadTest.Machines;

/// <summary>Ports for programs that must be told one before they start.</summary>
public static class FreePort
{
    /// <summary>A TCP port of loopback that was free a moment ago. Another program may take it first; then the start fails by name.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
