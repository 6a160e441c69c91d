using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>Application data of the end-to-end DTLS: the first byte tells packet from control.</summary>
public static class TunnelCodec
{
    /// <summary>The first byte of a control payload; a <see cref="TunnelControl"/> follows.</summary>
    public const byte ControlByte = 0x01;

    /// <summary>Whether a record's content is an IPv4 packet: version 4 and at least five words of header in the first byte.</summary>
    /// <param name="plaintext">The record's content.</param>
    /// <returns>True for 0x45..0x4F.</returns>
    public static bool IsIpv4(ReadOnlySpan<byte> plaintext) => !plaintext.IsEmpty && plaintext[0] is >= 0x45 and <= 0x4F;

    /// <summary>Encodes a control payload with its first byte.</summary>
    /// <param name="control">The payload.</param>
    /// <returns>The record's content.</returns>
    public static byte[] Encode(TunnelControl control)
    {
        ArgumentNullException.ThrowIfNull(control);
        var bytes = new byte[1 + control.CalculateSize()];
        bytes[0] = ControlByte;
        control.WriteTo(bytes.AsSpan(1));
        return bytes;
    }

    /// <summary>Encodes a farewell.</summary>
    /// <param name="reason">Why the tunnel ends.</param>
    /// <param name="detail">Words for people; cut to <see cref="FrameLimits.MaxDetailCharacters"/>.</param>
    /// <returns>The record's content.</returns>
    public static byte[] EncodeFarewell(Reason reason, string detail) =>
        Encode(new TunnelControl { Farewell = new TunnelFarewell { Reason = (uint)reason, Detail = ReasonText.Cut(detail) } });

    /// <summary>Decodes a record's content.</summary>
    /// <param name="plaintext">Any bytes.</param>
    /// <param name="control">The payload on success.</param>
    /// <returns><see cref="Reason.None"/> or <see cref="Reason.MalformedFrame"/>.</returns>
    public static Reason TryDecode(ReadOnlySpan<byte> plaintext, out TunnelControl? control)
    {
        control = null;
        if (plaintext.IsEmpty || plaintext[0] != ControlByte || !MessageForm.HasEachFieldOnce(plaintext[1..]))
        {
            return Reason.MalformedFrame;
        }

        try
        {
            control = TunnelControl.Parser.ParseFrom(plaintext[1..]);
            return Reason.None;
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: bytes that are no Protobuf.
            return Reason.MalformedFrame;
        }
    }

    /// <summary>
    /// Encodes a configuration in as many parts as it takes for each to fit one datagram of the agreed MTU.
    /// </summary>
    /// <param name="configuration">Without fault.</param>
    /// <returns>The contents of the records, in order.</returns>
    public static IReadOnlyList<byte[]> Encode(TunnelConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        List<Configuration> parts =
        [
            new Configuration
            {
                Version = TunnelLimits.Version,
                Address = configuration.Address.Value,
                PrefixLength = (uint)configuration.PrefixLength,
                NodeAddress = configuration.NodeAddress.Value,
                MtuBytes = (uint)configuration.MtuBytes,
                NodeName = configuration.NodeName,
            },
        ];

        // The envelope: first byte, tag and length of the oneof, part and parts with their tags.
        const int EnvelopeBytes = 1 + 4 + 2 * 2;
        var budget = configuration.MtuBytes - EnvelopeBytes;
        foreach (var route in configuration.Routes)
        {
            Room(route.ToString()).Routes.Add(route.ToString());
        }

        foreach (var server in configuration.DnsServers)
        {
            Room(server.ToString()).DnsServers.Add(server.ToString());
        }

        foreach (var domain in configuration.DnsDomains)
        {
            Room(domain).DnsDomains.Add(domain);
        }

        for (var i = 0; i < parts.Count; i++)
        {
            parts[i].Part = (uint)i;
            parts[i].Parts = (uint)parts.Count;
        }

        return parts.ConvertAll(part => Encode(new TunnelControl { Configuration = part }));

        // The part that takes an entry of ASCII text with its tag and length (one byte up to 127 characters, else two).
        Configuration Room(string text)
        {
            if (parts[^1].CalculateSize() + text.Length + 3 > budget)
            {
                parts.Add(new Configuration { Version = TunnelLimits.Version });
            }

            return parts[^1];
        }
    }
}
