using System.ComponentModel;
using System.Diagnostics;
using System.Net;

namespace OrleansUem.Device.Names;

/// <summary>
/// systemd-resolved's settings of one interface, by resolvectl(1) (systemd 240 and later). They belong to the interface and go with it, kill -9 included; resolved keeps them over its own restart.
/// </summary>
internal sealed class ResolvedLink(string link)
{
    // It speaks to resolved over D-Bus, whose own limit for a call is 25 s.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly string[] Directories = ["/usr/bin", "/bin", "/usr/local/bin"];

    /// <summary>The addresses that resolved itself listens on: its stub, and the one without search domains (systemd-resolved(8)).</summary>
    private static readonly IPAddress[] Stubs = [IPAddress.Parse("127.0.0.53"), IPAddress.Parse("127.0.0.54")];

    /// <summary>Whether the machine's programs ask resolved: the first name server is its stub. Pure.</summary>
    public static bool IsAsked(ResolverConf former) => former.Servers.Count > 0 && Stubs.Contains(former.Servers[0]);

    /// <summary>Whether questions that a stub of ours sends on could come back to it through resolved, which reads resolv.conf where that is not its own. Pure.</summary>
    public static bool IsAmong(ResolverConf former) => former.Servers.Any(Stubs.Contains);

    /// <summary>
    /// The commands, in order; each is resolvectl's arguments. The domains are searched, too. What else is asked of the link is turned off: other names, multicast, and what an organisation's inner zones and
    /// servers seldom have, signatures and TLS; the tunnel is encrypted end to end. Pure.
    /// </summary>
    /// <param name="link">The interface.</param>
    /// <param name="servers">The name servers.</param>
    /// <param name="domains">The domains; empty: all names.</param>
    public static IReadOnlyList<string[]> Commands(string link, IEnumerable<string> servers, IReadOnlyList<string> domains) =>
    [
        ["dns", link, .. servers],
        ["domain", link, .. domains.Count > 0 ? domains : ["~."]],
        ["default-route", link, domains.Count > 0 ? "no" : "yes"],
        ["llmnr", link, "no"],
        ["mdns", link, "no"],
        ["dnssec", link, "no"],
        ["dnsovertls", link, "no"],
        ["flush-caches"],
    ];

    /// <summary>Makes the settings; on failure none is left.</summary>
    /// <exception cref="IOException">resolved can't be told; the text is resolvectl's.</exception>
    public async Task ApplyAsync(IEnumerable<string> servers, IReadOnlyList<string> domains, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var command in Commands(link, servers, domains))
            {
                await RunAsync(command, cancellationToken);
            }
        }
        catch (IOException)
        {
            await TryRevertAsync(cancellationToken);
            throw;
        }
    }

    /// <summary>Takes the settings back; no error when they are gone already.</summary>
    public async Task TryRevertAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(["revert", link], cancellationToken);
        }
        catch (IOException)
        {
            // They go with the interface.
        }
    }

    private static async Task RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var path = Directories.Select(directory => Path.Combine(directory, "resolvectl")).FirstOrDefault(File.Exists)
            ?? throw new IOException("The program resolvectl is missing, by which systemd-resolved is told.");
        var start = new ProcessStartInfo(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Timeout);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                cancellationToken.ThrowIfCancellationRequested();
                throw new IOException($"resolvectl {arguments[0]} did not end within {Timeout.TotalSeconds:0} s.");
            }

            await output;
            if (process.ExitCode != 0)
            {
                throw new IOException($"resolvectl {arguments[0]}: {(await errors).ReplaceLineEndings(" ").Trim()}");
            }
        }
        catch (Win32Exception e)
        {
            throw new IOException($"Running {path} failed: {e.Message}", e);
        }
    }
}
