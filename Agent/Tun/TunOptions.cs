using System.Text;

namespace OrleansUem.Agent.Tun;

/// <summary>Settings of one TUN device; read once at open.</summary>
public sealed record TunOptions
{
    /// <summary>IFNAMSIZ without its terminating zero (linux/if.h).</summary>
    public const int NameBytesMax = 15;

    /// <summary>The smallest MTU of an IPv4 link (RFC 791 §3.2).</summary>
    public const int MtuBytesMin = 68;

    /// <summary>The largest MTU that the kernel's TUN driver accepts: 65535 bytes of IP packet.</summary>
    public const int MtuBytesMax = 65535;

    /// <summary>
    /// Interface name, 1 to 15 bytes without white space, '/' or ':'. A name that contains <c>%d</c> lets the kernel choose
    /// the number: uem%d becomes uem0. An existing persistent TUN of this name is taken over.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>MTU in bytes, 68 to 65535. Default 1280: fits any path that carries IPv6.</summary>
    public int MtuBytes { get; init; } = 1280;

    /// <summary>
    /// What to ask the kernel for. Default none: one packet a call. What an older kernel does not have is left out, see
    /// <see cref="ITunDevice.Offloads"/>.
    /// </summary>
    public TunOffloads Offloads { get; init; } = TunOffloads.None;

    /// <summary>Throws when an option is out of its range, naming option, value and bound.</summary>
    /// <exception cref="ArgumentException">The message is for the operator.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Name) || Name is "." or ".." || Encoding.UTF8.GetByteCount(Name) > NameBytesMax
            || Name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '/' or ':'))
        {
            throw new ArgumentException(
                $"TUN name '{Name}' is not valid: it must have 1 to {NameBytesMax} bytes without white space, '/' or ':'.");
        }

        if (MtuBytes is < MtuBytesMin or > MtuBytesMax)
        {
            throw new ArgumentException($"TUN MTU {MtuBytes} is out of range: it must be {MtuBytesMin} to {MtuBytesMax} bytes.");
        }
    }
}
