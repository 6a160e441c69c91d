using System.Globalization;
using System.Net.Sockets;
using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Apps;

/// <summary>
/// The open files of an <see cref="AppNetwork"/>'s namespaces: in the process that made them, and in each that it handed them to. They let processes in and keep the namespaces
/// alive; the TUN inside is only its maker's.
/// </summary>
public sealed class AppEntrance : IDisposable
{
    private readonly OwnedDescriptor[] _files;

    /// <summary>Takes the files: user (left out where it is this machine's), network, mount.</summary>
    internal AppEntrance(OwnedDescriptor[] files)
    {
        _files = files;
        Namespaces = new AppNamespaces(files.Length == CountMax ? PathOf(files[0]) : null, PathOf(files[^2]), PathOf(files[^1]));
    }

    private const int CountMax = 3;

    /// <summary>The text when the other end was silent.</summary>
    public const string NoAnswer = DescriptorPassing.NoAnswer;

    /// <summary>How a process gets inside; good while this object lives.</summary>
    public AppNamespaces Namespaces { get; }

    /// <summary>Hands it to the process at the other end of a Unix socket. Whoever has it can go inside, as far as the kernel lets that user.</summary>
    /// <exception cref="IOException">The other end is gone.</exception>
    public void SendTo(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        DescriptorPassing.Send(socket.SafeHandle, _files);
    }

    /// <summary>Waits for one. Blocks its thread.</summary>
    /// <param name="socket">A Unix socket.</param>
    /// <param name="timeout">How long the other end may be silent.</param>
    /// <param name="text">What the other end wrote before, or instead.</param>
    /// <returns>The entrance, which the caller disposes; null: the other end closed without, or stayed silent.</returns>
    public static AppEntrance? ReceiveFrom(Socket socket, TimeSpan timeout, out string text)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var files = DescriptorPassing.Receive(socket.SafeHandle, timeout, out text);
        if (files is { Length: CountMax or CountMax - 1 })
        {
            return new AppEntrance(files);
        }

        Array.ForEach(files ?? [], file => file.Dispose());
        return null;
    }

    public void Dispose() => Array.ForEach(_files, file => file.Dispose());

    private static string PathOf(OwnedDescriptor descriptor) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{descriptor.Number}");
}
