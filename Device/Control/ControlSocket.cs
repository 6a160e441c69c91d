using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Control;

/// <summary>
/// The Unix socket by which a running agent is asked and ended: <c>control.sock</c> in its state directory, mode 0600, root and the agent's own user only.
/// <code>
/// asker: "status\n"       agent: a <see cref="DeviceReport"/> as JSON, and closes
/// asker: "down\n"         agent: ends in the orderly way and closes when all is given back
/// asker: "join PATH\n"    agent: one byte with the app network's namespaces (SCM_RIGHTS), and closes when the tunnel is over, after "end\n" when the app is to end too;
///                         or a line that says why not, and closes. The asker says nothing more and closes when the app has ended.
/// </code>
/// </summary>
internal static class ControlSocket
{
    public const string Name = "control.sock";

    public const string Status = "status";

    public const string Down = "down";

    /// <summary>The path of the app's program follows.</summary>
    public const string Join = "join ";

    /// <summary>Longest request with its end of line: a path of Linux (4,096 bytes) and its word. A report stays far below the other bound.</summary>
    public const int RequestBytesMax = 4096 + 6;

    public const int ReportBytesMax = 1 << 20;

    /// <summary>Behind the name, of a socket that is being made.</summary>
    public const string NewSuffix = ".new";

    /// <summary>Behind the name, of one that is looked at because nobody answers on it.</summary>
    public const string OldSuffix = ".old";

    // sun_path of sockaddr_un with its zero byte (unix(7)), less a suffix.
    private const int PathBytesMax = 107 - 4;

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The socket's file.</summary>
    /// <param name="stateDirectory">Its directory.</param>
    /// <exception cref="DeviceFatalException">The path is longer than a socket's may be.</exception>
    public static string PathIn(string stateDirectory)
    {
        var path = Path.Combine(Path.GetFullPath(stateDirectory), Name);
        var bytes = Encoding.UTF8.GetByteCount(path);
        return bytes <= PathBytesMax
            ? path
            : throw new DeviceFatalException(
                Reason.BadRequest, $"The state directory's path is too long for a socket in it: {path} has {bytes} bytes, at most {PathBytesMax} fit. Choose a shorter one with --state.");
    }

    /// <summary>"end\n".</summary>
    public static byte[] EndWord { get; } = "end\n"u8.ToArray();

    public static UnixDomainSocketEndPoint EndPoint(string path) => new(path);

    public static Socket Create() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Connects.</summary>
    /// <returns>Null: nobody listens there.</returns>
    /// <exception cref="IOException">It can't be used.</exception>
    public static async Task<Socket?> TryConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = Create();
        try
        {
            await socket.ConnectAsync(EndPoint(path), cancellationToken);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            return e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable
                ? null
                : throw new IOException($"The control socket {path} can't be used: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
