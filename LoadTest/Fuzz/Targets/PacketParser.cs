using OrleansUem.Protocol.Packets;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>An IPv4 packet of a hostile device or of the organisation's network: the view, the policy, the memory of fragments and the ICMP error about it, which is a packet of its own and never about an error.</summary>
internal sealed class PacketParser : FuzzParser
{
    private static readonly DestinationPolicy Policy = DestinationPolicy.Parse("10.1.0.0/24:tcp/80,443", "!10.1.1.0/24", "10.1.0.0/16", "10.2.0.0/16:icmp");
    private static readonly Ipv4Address Node = Ipv4Address.Parse("10.64.0.1");

    private readonly byte[] _answer = new byte[IcmpError.PacketBytesMax];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        CheckRun(input);
        if (!Ipv4Packet.TryParse(input, out var packet, out var error))
        {
            Require(error != Ipv4ParseError.None, "A refused packet has no fault.");
            return false;
        }

        Require(packet.TotalBytes <= input.Length && packet.HeaderBytes + packet.Payload.Length == packet.TotalBytes, "The packet is longer than its bytes.");
        Require(packet.FragmentOffsetBytes + packet.Payload.Length <= Ipv4Packet.PacketBytesMax, "The datagram that it is a part of is longer than 65,535 bytes.");
        _ = packet.FiveTuple;
        var verdict = Policy.Judge(packet);
        Require(verdict != PolicyVerdict.AsFirstFragment || packet.IsLaterFragment, "A packet with ports is judged as a later fragment.");

        // A fresh memory has seen no first fragment: a later one passes only where ports do not matter.
        Require(verdict == PolicyVerdict.Permitted || !new PermittedTraffic().IsPermitted(Policy, packet, 0), "A fragment passed without its first.");
        CheckAnswer(packet, IcmpError.TryBuildAdministrativelyProhibited(packet, Node, _answer, out var bytes), bytes);
        CheckAnswer(packet, IcmpError.TryBuildFragmentationNeeded(packet, Node, 1_280, _answer, out bytes), bytes);
        return true;
    }

    // The input as one record's content: all of it comes out, in pieces.
    private static void CheckRun(ReadOnlySpan<byte> input)
    {
        var bytes = 0;
        for (var run = new PacketRun(input); run.MoveNext(); bytes += run.Current.Length)
        {
            Require(input[bytes..].StartsWith(run.Current), "A piece of a record is not where it should be.");
        }

        Require(bytes == input.Length, "Not all of a record came out.");
    }

    private void CheckAnswer(in Ipv4Packet about, bool isBuilt, int bytes)
    {
        Require(isBuilt == bytes > 0, "An answer without bytes.");
        if (isBuilt)
        {
            Require(Ipv4Packet.TryParse(_answer.AsSpan(0, bytes), out var answer, out var error), $"The answer is no packet: {error}.");
            Require(answer.Source == Node && answer.Destination == about.Source && answer.Destination.IsUnicastHost, "The answer goes to somebody else.");
            Require(InternetChecksum.Compute(answer.Payload) == 0, "The answer's ICMP checksum is wrong.");
            Require(!IcmpError.MayAnswer(answer), "An error about an error would be sent.");
        }
    }
}
