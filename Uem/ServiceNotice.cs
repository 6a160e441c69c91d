using System.Net.Sockets;
using System.Text;

namespace OrleansUem.Uem;

/// <summary>
/// Tells the service manager what state this process is in, by datagrams to the socket that NOTIFY_SOCKET names (sd_notify(3)). Without one, nothing happens.
/// What can't be told is not told: the service itself matters more.
/// </summary>
internal static class ServiceNotice
{
    private const string Variable = "NOTIFY_SOCKET";

    private static readonly Lock Gate = new();
    private static bool _isReady;

    /// <summary>The service has started; the first call counts, later ones only change the line.</summary>
    /// <param name="line">For <c>systemctl status</c>.</param>
    public static void Ready(string line)
    {
        lock (Gate)
        {
            Send(_isReady ? $"STATUS={OneLine(line)}" : $"READY=1\nSTATUS={OneLine(line)}");
            _isReady = true;
        }
    }

    /// <summary>It was told to stop and drains.</summary>
    public static void Stopping() => Send("STOPPING=1\nSTATUS=draining");

    private static void Send(string text)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 1 } path)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

            // A leading @ stands for the zero byte of an abstract address.
            socket.SendTo(Encoding.UTF8.GetBytes(text), new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        }
        catch (Exception e) when (e is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            // An operating failure of the manager's side; it will notice by its own time limit.
        }
    }

    private static string OneLine(string line) => line.ReplaceLineEndings(" ");
}
