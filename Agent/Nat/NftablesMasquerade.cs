using System.Text;

namespace OrleansUem.Agent.Nat;

/// <summary>
/// Lets the devices behind a TUN reach the organisation's network under this host's address: forwarding in the kernel, and
/// source translation by nftables in a table of our own.
/// <list type="bullet">
/// <item>postrouting: packets from the pool that leave through another interface get that interface's address.</item>
/// <item>forward: from the TUN only with a source of the pool; to the TUN only what belongs to a connection that a device
/// opened. "Accept" holds for this table alone: a firewall that drops forwarded packets elsewhere still drops them.</item>
/// <item>net.ipv4.ip_forward is set to 1. Its former value is written into the table's comment, so that it outlives a kill -9;
/// the last table of ours to go restores it.</item>
/// </list>
/// Works on the network namespace of the calling thread. Needs CAP_NET_ADMIN.
/// </summary>
public sealed class NftablesMasquerade : IDisposable
{
    private const string TablePrefix = "uem_";
    private const string ForwardPath = "/proc/sys/net/ipv4/ip_forward";
    private const string CommentOff = "ip_forward was 0";
    private const string CommentOn = "ip_forward was 1";

    private readonly bool _wasForwarding;
    private int _isDisposed;

    private NftablesMasquerade(string table, bool wasForwarding)
    {
        Table = table;
        _wasForwarding = wasForwarding;
    }

    /// <summary>The table of family ip: <c>nft list table ip uem_NAME</c>.</summary>
    public string Table { get; }

    /// <summary>Installs the table, in one transaction with the removal of a stale one, then enables forwarding.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="MasqueradeException">nft is missing, not permitted or refuses; nothing is left changed.</exception>
    public static NftablesMasquerade Install(MasqueradeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        string table = TablePrefix + options.Name;

        // Any table of ours that found forwarding off knows the value to return to, a stale one of a killed process included.
        bool wasForwarding = ReadForwarding() && !OwnTables().Any(FoundForwardingOff);
        Load(Script(table, options, wasForwarding), $"Installing table ip {table}");
        NftablesMasquerade installed = new(table, wasForwarding);
        try
        {
            WriteForwarding(isOn: true);
            return installed;
        }
        catch
        {
            installed.Dispose();
            throw;
        }
    }

    /// <summary>Removes the table and restores forwarding, unless another table of ours needs it. Idempotent.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        // Declaring the table first makes its removal succeed when someone else has removed it.
        Load($"table ip {Table}\ndelete table ip {Table}\n", $"Removing table ip {Table}");
        if (!_wasForwarding && OwnTables().Count == 0)
        {
            WriteForwarding(isOn: false);
        }
    }

    private static string Script(string table, MasqueradeOptions options, bool wasForwarding) =>
        $$"""
        table ip {{table}}
        delete table ip {{table}}
        table ip {{table}} {
            comment "{{(wasForwarding ? CommentOn : CommentOff)}}"
            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr {{options.Pool}} oifname != "{{options.TunName}}" masquerade
            }
            chain forward {
                type filter hook forward priority filter; policy accept;
                iifname "{{options.TunName}}" ip saddr != {{options.Pool}} counter drop
                iifname "{{options.TunName}}" accept
                oifname "{{options.TunName}}" ct state established,related accept
                oifname "{{options.TunName}}" counter drop
            }
        }

        """;

    private static void Load(string script, string attempted)
    {
        (int exitCode, _, string errors) = NftCommand.Run(script, "-f", "-");
        if (exitCode != 0)
        {
            throw Refused(attempted, errors);
        }
    }

    private static MasqueradeException Refused(string attempted, string errors)
    {
        string advice = errors.Contains("not permitted", StringComparison.Ordinal)
            ? " CAP_NET_ADMIN is missing: run the node as root."
            : errors.Contains("not supported", StringComparison.Ordinal) || errors.Contains("No such file", StringComparison.Ordinal)
                ? " The kernel may lack nf_tables with NAT: modprobe nft_chain_nat nft_masq."
                : "";
        return new MasqueradeException($"{attempted} failed: nft says: {errors.Trim()}{advice}");
    }

    private static List<string> OwnTables()
    {
        (int exitCode, string output, string errors) = NftCommand.Run("", "list", "tables", "ip");
        return exitCode != 0
            ? throw Refused("Listing tables", errors)
            : [.. output.Split('\n').Select(line => line.Split(' ')).Where(words => words is ["table", "ip", _])
                .Select(words => words[2]).Where(name => name.StartsWith(TablePrefix, StringComparison.Ordinal))];
    }

    private static bool FoundForwardingOff(string table)
    {
        // A table that vanishes between the list and this call has no say any more.
        (int exitCode, string output, _) = NftCommand.Run("", "list", "table", "ip", table);
        return exitCode == 0 && output.Contains($"comment \"{CommentOff}\"", StringComparison.Ordinal);
    }

    private static bool ReadForwarding() => File.ReadAllText(ForwardPath).Trim() == "1";

    private static void WriteForwarding(bool isOn)
    {
        if (ReadForwarding() == isOn)
        {
            // A container's read-only /proc/sys is no obstacle when the value is right.
            return;
        }

        try
        {
            // The kernel takes a setting in one write to an existing file.
            using FileStream file = new(ForwardPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(Encoding.ASCII.GetBytes(isOn ? "1" : "0"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MasqueradeException(
                $"Setting net.ipv4.ip_forward failed: {e.Message} In a container, set it on the container (--sysctl net.ipv4.ip_forward=1).", e);
        }
    }
}
