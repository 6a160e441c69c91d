using System.Text;
using OrleansUem.Agent.Identity;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>One text as each kind of name, address and rule that peers, files and operators write. What is accepted has one text form, and that form is accepted.</summary>
internal sealed class TextParser : FuzzParser
{
    public override bool Take(ReadOnlySpan<byte> input)
    {
        var text = Encoding.UTF8.GetString(input);
        var printable = ReasonText.Printable(text);
        Require(printable.Length <= FrameLimits.MaxDetailCharacters && !printable.Any(char.IsControl), "A text for people is too long or not printable.");
        Require(new Protocol.Messages.Close { Detail = ReasonText.Cut(text) }.CalculateSize() >= 0, "A cut text does not encode.");
        _ = TunnelConfiguration.IsDomain(text);
        var taken = 0;
        taken += Same(NameRules.IsName(text), text, text);
        taken += Same(TenantId.TryParse(text, out var tenant), tenant.ToString(), text);
        taken += Same(PeerIdentity.TryParse(text, out var identity), identity.Root.Text is null ? "" : identity.ToString(), text);
        taken += Same(Ipv4Address.TryParse(text, out var address), address.ToString(), text);
        taken += Same(GrainKeys.TryParseLease(text, out var key, out var tunnel), $"{key}/{tunnel}", text);
        if (Ipv4Prefix.TryParse(text, out var prefix, out _))
        {
            taken++;
            Require(Ipv4Prefix.TryParse(prefix.ToString(), out var again, out _) && again == prefix && prefix.Contains(prefix.Last), "A network has two meanings.");
        }

        if (DestinationRule.TryParse(text, out var rule, out var error))
        {
            taken++;
            Require(DestinationRule.TryParse(rule!.ToString(), out var again, out error) && again!.ToString() == rule.ToString(), $"A rule has two meanings: {error}");
        }

        if (PortRange.TryParse(text, out var ports))
        {
            taken++;
            Require(PortRange.TryParse(ports.ToString(), out var again) && again == ports, "A range of ports has two meanings.");
        }

        if (RelayAddress.TryParse(text, out var relay))
        {
            taken++;
            Require(RelayAddress.TryParse(relay.ToString(), out var again) && again == relay, $"An address has two meanings: {relay}");
        }

        return taken > 0;
    }

    private static int Same(bool isTaken, string form, string text)
    {
        Require(!isTaken || form == text, $"'{text}' and '{form}' are the same.");
        return isTaken ? 1 : 0;
    }
}
