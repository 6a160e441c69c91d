using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// All that a new device, node or edge must be told, as one text for a QR code or a command line:
/// <c>uem://KIND/HOST:PORT?i=INSTALLATION&amp;k=ID&amp;s=SECRET[&amp;t=TENANT&amp;g=TAG][&amp;n=NAME]</c>. ID, SECRET and TAG are
/// base64url of 16 bytes without padding (RFC 4648 §5). WARNING: whoever reads the text can enrol in the holder's place; <see cref="ToString"/>
/// leaves the secret out so that it reaches no log.
/// </summary>
public sealed record EnrolmentUri
{
    /// <summary>The longest text that is read.</summary>
    public const int MaxCharacters = 1_024;

    private const string Scheme = "uem://";

    /// <summary>What it is for.</summary>
    public required EnrolmentKind Kind { get; init; }

    /// <summary>Name or address of the edge (activate, invite) or silo (join).</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1..65535.</summary>
    public required int Port { get; init; }

    /// <summary>The installation's id: the pin of its root.</summary>
    public required TenantId Installation { get; init; }

    /// <summary>Names the activation, invitation or join token: base64url of 16 bytes.</summary>
    public required string Id { get; init; }

    /// <summary>The secret, 16 bytes.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>The tenant; set for <see cref="EnrolmentKind.Activate"/> only.</summary>
    public TenantId? Tenant { get; init; }

    /// <summary>The tenant's tag, 16 bytes; set for <see cref="EnrolmentKind.Activate"/> only.</summary>
    public ReadOnlyMemory<byte> TenantTag { get; init; }

    /// <summary>The name that the certificate will have; null when the holder learns it later.</summary>
    public string? Name { get; init; }

    /// <summary>Reads the text.</summary>
    /// <param name="text">The candidate.</param>
    /// <param name="uri">The parts on success.</param>
    /// <param name="error">What is wrong, without the secret, on failure.</param>
    /// <returns>False with an error for people when any part is missing, repeated or out of its range.</returns>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out EnrolmentUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        if (text is null || text.Length > MaxCharacters || !text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            error = $"It does not begin with {Scheme}, or has more than {MaxCharacters} characters.";
            return false;
        }

        var query = text.IndexOf('?', StringComparison.Ordinal);
        var slash = text.IndexOf('/', Scheme.Length);
        if (query < 0 || slash < 0 || slash > query)
        {
            error = "It is not of the form uem://KIND/HOST:PORT?...; was it cut at the '?' or '&' by the shell? Put it in quotes.";
            return false;
        }

        var kind = ReadKind(text[Scheme.Length..slash]);
        if (kind == EnrolmentKind.Unspecified)
        {
            // What stands at the wrong place may be the secret: no part of the text is shown.
            error = $"What follows {Scheme} is none of activate, invite, join.";
            return false;
        }

        return TryReadParts(kind, text[(slash + 1)..query], text[(query + 1)..], out uri, out error);
    }

    /// <summary>The whole text with the secret.</summary>
    /// <returns>What <see cref="TryParse"/> reads.</returns>
    public string ToSecretText()
    {
        var text = $"{WithoutSecret()}&s={Base64Url.EncodeToString(Secret.Span)}";
        if (Tenant is { } tenant)
        {
            text += $"&t={tenant.Text}&g={Base64Url.EncodeToString(TenantTag.Span)}";
        }

        return Name is null ? text : $"{text}&n={Name}";
    }

    /// <summary>The text without the secret.</summary>
    /// <returns>Kind, address, installation and id.</returns>
    public override string ToString() => WithoutSecret();

    private string WithoutSecret()
    {
        var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        var kind = Kind switch { EnrolmentKind.Activate => "activate", EnrolmentKind.Invite => "invite", _ => "join" };
        return string.Create(CultureInfo.InvariantCulture, $"{Scheme}{kind}/{host}:{Port}?i={Installation.Text}&k={Id}");
    }

    private static EnrolmentKind ReadKind(string text) => text switch
    {
        "activate" => EnrolmentKind.Activate,
        "invite" => EnrolmentKind.Invite,
        "join" => EnrolmentKind.Join,
        _ => EnrolmentKind.Unspecified,
    };

    private static bool TryReadParts(
        EnrolmentKind kind, string address, string query, out EnrolmentUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in query.Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals != 1 || !values.TryAdd(pair[..1], pair[2..]))
            {
                error = "A part after the '?' is not of the form letter=value, or stands twice.";
                return false;
            }
        }

        if (!TryReadAddress(address, out var host, out var port))
        {
            error = "What stands before the '?' is not HOST:PORT.";
            return false;
        }

        var tag = Array.Empty<byte>();
        TenantId tenant = default;
        var isActivation = kind == EnrolmentKind.Activate;
        error = !TenantId.TryParse(values.GetValueOrDefault("i"), out var installation) ? "The installation (i) is missing or wrong."
            : !TryRead16(values.GetValueOrDefault("k"), out _) ? "The id (k) is missing or not 16 bytes of base64url."
            : !TryRead16(values.GetValueOrDefault("s"), out _) ? "The secret (s) is missing or not 16 bytes of base64url."
            : isActivation && !TenantId.TryParse(values.GetValueOrDefault("t"), out tenant) ? "The tenant (t) is missing or wrong."
            : isActivation && !TryRead16(values.GetValueOrDefault("g"), out tag) ? "The tenant's tag (g) is missing or not 16 bytes of base64url."
            : values.TryGetValue("n", out var name) && !NameRules.IsName(name) ? "The name (n) is not a name."
            : null;
        if (error is not null)
        {
            return false;
        }

        TryRead16(values["s"], out var secretBytes);
        uri = new EnrolmentUri
        {
            Kind = kind,
            Host = host,
            Port = port,
            Installation = installation,
            Id = values["k"],
            Secret = secretBytes,
            Tenant = isActivation ? tenant : null,
            TenantTag = tag,
            Name = values.GetValueOrDefault("n"),
        };
        return true;
    }

    private static bool TryReadAddress(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        port = 0;
        return host.Length is > 0 and <= 253
            && Uri.CheckHostName(host) != UriHostNameType.Unknown
            && Digits.TryParsePort(text.AsSpan(colon + 1), out port);
    }

    private static bool TryRead16(string? text, out byte[] bytes)
    {
        bytes = new byte[EnrolmentSecret.SecretBytes];
        return text is { Length: 22 }
            && Base64Url.DecodeFromChars(text, bytes, out _, out var written) == OperationStatus.Done
            && written == bytes.Length;
    }
}
