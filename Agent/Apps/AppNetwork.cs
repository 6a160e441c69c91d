using System.Text;
using Microsoft.Win32.SafeHandles;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;
using OrleansUem.Agent.Tun;

namespace OrleansUem.Agent.Apps;

/// <summary>
/// A network namespace for apps, with a mount namespace that goes with it: loopback, and whatever TUN is opened here, and no other way out. This process stays
/// outside; it holds the namespaces' files and speaks to the inside by sockets that were opened there. When it ends, killed or not, the TUN is gone and what still runs inside
/// has loopback only.
/// <para>
/// Without the rights of root the namespaces belong to a user namespace that this process's user owns: the kernel then lets this process manage the inside, while apps
/// inside have this user's id and no rights over their network.
/// </para>
/// </summary>
public sealed class AppNetwork : IDisposable
{
    // Two starts of a program on a busy machine; a healthy one takes a tenth of a second.
    private static readonly TimeSpan HolderTimeout = TimeSpan.FromSeconds(30);

    private readonly OwnedDescriptor _tunControl;
    private readonly OwnedDescriptor _netlink;
    private readonly OwnedDescriptor _nameServers;

    private AppNetwork(OwnedDescriptor[] descriptors, bool isRootless)
    {
        (_tunControl, _netlink, _nameServers) = (descriptors[0], descriptors[1], descriptors[2]);
        var namespaces = descriptors[AppNetworkHolder.FirstNamespace..];
        if (!isRootless)
        {
            // This machine's own: there is nothing to enter.
            namespaces[0].Dispose();
            namespaces = namespaces[1..];
        }

        Entrance = new AppEntrance(namespaces);
    }

    /// <summary>How processes get inside; good while this object lives.</summary>
    public AppEntrance Entrance { get; }

    /// <summary>Makes the namespaces. Loopback is up; there is no TUN and no name server yet.</summary>
    /// <param name="holderCommand">A command line that calls <see cref="AppNetworkHolder.Run"/> in a process of its own.</param>
    /// <exception cref="AppNetworkException">This kernel or this user may not; the text says what to change.</exception>
    public static AppNetwork Create(IReadOnlyList<string> holderCommand)
    {
        ArgumentNullException.ThrowIfNull(holderCommand);
        var isRootless = !ProcessCapabilities.MayManageNamespaces();
        var unshare = ProgramPath.Find("unshare")
            ?? throw new AppNetworkException("The program unshare is missing, which makes the apps' network: apt install util-linux.");
        string[] user = isRootless ? ["--user", "--map-current-user", "--keep-caps"] : [];
        var (ours, theirs) = DescriptorPassing.CreatePair();
        using (ours)
        {
            int holder;
            using (theirs)
            {
                // What is mounted outside later, a stick or a home directory, is seen inside; nothing of the inside is seen outside.
                holder = Start(unshare, ["unshare", .. user, "--net", "--mount", "--propagation", "slave", "--", .. holderCommand], theirs);
            }

            var descriptors = DescriptorPassing.Receive(ours, HolderTimeout, out var text);
            if (descriptors is null)
            {
                SpawnedProcess.Signal(holder, SignalNumber.Kill);
            }

            SpawnedProcess.Wait(holder, out _);
            return descriptors is { Length: AppNetworkHolder.DescriptorCount }
                ? new AppNetwork(descriptors, isRootless)
                : throw new AppNetworkException(NamespaceAdvice.Explain(text, isRootless));
        }
    }

    /// <summary>Makes the TUN inside. Once for each network.</summary>
    /// <exception cref="TunUnavailableException">The kernel refuses.</exception>
    /// <exception cref="NetworkLinkException">The kernel refuses its settings.</exception>
    public LinuxTunDevice OpenTun(TunOptions options) => LinuxTunDevice.OpenIn(options, DescriptorPassing.Duplicate(_tunControl), OpenLink);

    /// <summary>Opens an interface inside. One caller at a time for all links of this network.</summary>
    /// <exception cref="NetworkLinkException">There is none of this name.</exception>
    public NetworkLink OpenLink(string name) => NetworkLink.Open(name, new RouteNetlinkSocket(DescriptorPassing.Duplicate(_netlink)));

    /// <summary>Makes this the text of /etc/resolv.conf inside.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void WriteResolverFile(string text)
    {
        // In place: apps have this file open and mounted, so another one under its name would not reach them.
        using var file = new SafeFileHandle(_nameServers.Number, ownsHandle: false);
        var bytes = Encoding.ASCII.GetBytes(text);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.SetLength(file, bytes.Length);
    }

    public void Dispose()
    {
        _tunControl.Dispose();
        _netlink.Dispose();
        _nameServers.Dispose();
        Entrance.Dispose();
    }

    private static int Start(string unshare, string[] arguments, OwnedDescriptor streams)
    {
        try
        {
            return SpawnedProcess.Start(unshare, arguments, streams);
        }
        catch (IOException e)
        {
            throw new AppNetworkException(e.Message, e);
        }
    }
}
