using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>
/// Idle devices of one process. Their certificates are made here with the tenant's key, since a node certifies ten a second; everything from the dial on is as with any device.
/// </summary>
internal static class DeviceCrowd
{
    /// <summary>Descriptors of a device: its state's lock, TCP, UDP, an event.</summary>
    public const int FilesPerDevice = 4;

    /// <summary>Kept for what is no device.</summary>
    public const int FilesReserve = 512;

    private static readonly TimeSpan Validity = TimeSpan.FromDays(1);

    /// <summary>Prepares the devices, says <c>prepared</c>, waits for the word to go, sets them up, says <c>up</c>, and holds them.</summary>
    /// <param name="nodeState">The node's state directory.</param>
    /// <param name="folder">For the devices' state; made.</param>
    /// <param name="relay">Where devices reach the edge.</param>
    /// <param name="first">Number of the first device.</param>
    /// <param name="count">How many.</param>
    /// <param name="concurrency">Set-ups at a time.</param>
    /// <param name="usesUdp">Whether data goes over UDP.</param>
    /// <param name="go">Completes at the word.</param>
    /// <param name="output">Gets the lines.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(
        string nodeState, string folder, RelayAddress relay, int first, int count, int concurrency, bool usesUdp, Task go, TextWriter output, CancellationToken cancellationToken)
    {
        using var timer = new TunnelTimer(TimeProvider.System);
        var devices = new IdleDevice[count];
        Prepare(nodeState, folder, relay, first, count);
        for (var i = 0; i < count; i++)
        {
            devices[i] = new IdleDevice(StateOf(folder, first + i), timer, usesUdp);
        }

        await output.WriteLineAsync("prepared");
        await go.WaitAsync(cancellationToken);
        await Parallel.ForAsync(
            0,
            count,
            new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
            async (i, token) => await devices[i].StartAsync(token));
        await output.WriteLineAsync("up");

        // No good-byes: thousands of farewells are no part of the measurement, and the process's end is as good.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    private static void Prepare(string nodeState, string folder, RelayAddress relay, int first, int count)
    {
        var files = new StateDirectory(nodeState);
        using var authority = NodeFiles.LoadAuthority(files);
        var node = AgentState.Load(files);
        using var ofNode = node.Credentials;
        Directory.CreateDirectory(folder);
        for (var i = 0; i < count; i++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = authority.Issue(
                new PublicKey(key), PeerRole.Device, $"idle-{(first + i).ToString(CultureInfo.InvariantCulture)}", TimeProvider.System.GetUtcNow(), Validity);
            using var credentials = PeerCredentials.Create(certificate, key, authority.Root);
            AgentState.Store(StateOf(folder, first + i), node with { Credentials = credentials, Relays = [relay] });
        }

        node.InstallationRoot.Dispose();
    }

    private static string StateOf(string folder, int number) => Path.Combine(folder, number.ToString(CultureInfo.InvariantCulture));
}
