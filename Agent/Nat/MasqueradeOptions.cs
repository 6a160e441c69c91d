using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Nat;

/// <summary>Settings of one <see cref="NftablesMasquerade"/>; read once at install.</summary>
public sealed record MasqueradeOptions
{
    /// <summary>With the prefix "uem_" below the 31 characters that tools show without cutting.</summary>
    public const int NameCharactersMax = 24;

    /// <summary>Names the table uem_NAME: 1 to 24 letters, digits or '_'. One owner per name: a table that exists is replaced.</summary>
    public required string Name { get; init; }

    /// <summary>The TUN from which the pool's packets come: letters, digits, '_', '-' or '.', at most 15.</summary>
    public required string TunName { get; init; }

    /// <summary>Addresses of the tunnel's devices. Packets from the TUN with another source are dropped.</summary>
    public required Ipv4Prefix Pool { get; init; }

    /// <summary>Throws when an option is out of its range, naming option, value and bound.</summary>
    /// <exception cref="ArgumentException">The message is for the operator.</exception>
    public void Validate()
    {
        // Both end up in a ruleset, so only characters without a meaning in it pass: '*' would be a wildcard.
        if (Name is not { Length: > 0 and <= NameCharactersMax } || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException(
                $"Masquerade name '{Name}' is not valid: 1 to {NameCharactersMax} letters, digits or '_'.");
        }

        if (TunName is not { Length: > 0 and <= Tun.TunOptions.NameBytesMax }
            || !TunName.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
        {
            throw new ArgumentException(
                $"Masquerade TUN name '{TunName}' is not valid: 1 to {Tun.TunOptions.NameBytesMax} letters, digits, '_', '-' or '.'.");
        }

        if (Pool.Length == 0)
        {
            throw new ArgumentException("Masquerade pool 0.0.0.0/0 is not valid: it would translate every address.");
        }
    }
}
