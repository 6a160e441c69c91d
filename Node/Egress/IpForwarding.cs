namespace OrleansUem.Node.Egress;

/// <summary>
/// net.ipv4.ip_forward, for a node that routes without translation. Switched on when it is off, and off again on Dispose by the one who switched it on. After
/// kill -9 it stays on, as on any router.
/// </summary>
internal sealed class IpForwarding : IDisposable
{
    private const string Path = "/proc/sys/net/ipv4/ip_forward";

    private readonly bool _wasOn;

    private IpForwarding(bool wasOn) => _wasOn = wasOn;

    /// <exception cref="Agent.Nat.MasqueradeException">It is off and can't be switched on.</exception>
    public static IpForwarding Enable()
    {
        try
        {
            var wasOn = File.ReadAllText(Path).Trim() == "1";
            if (!wasOn)
            {
                File.WriteAllText(Path, "1\n");
            }

            return new IpForwarding(wasOn);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Agent.Nat.MasqueradeException($"{Path} can't be set: {e.Message} Run the node as root, or set net.ipv4.ip_forward=1 with sysctl.", e);
        }
    }

    public void Dispose()
    {
        if (_wasOn)
        {
            return;
        }

        try
        {
            File.WriteAllText(Path, "0\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The namespace or the right to it is gone; there is nothing left to restore.
        }
    }
}
