using System.Buffers;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// One end of a tunnel with a hostile far end that holds a good certificate: <see cref="TunnelMachine"/> over the contents of records. The input is a stream of frames whose payloads are those contents; the
/// channel's low bits let time pass. A configuration that comes out is without fault, and what goes out fits a record.
/// </summary>
internal sealed class TunnelParser(TunnelRole role) : FuzzParser
{
    private static readonly TunnelConfiguration Offer = new()
    {
        Address = Ipv4Address.Parse("10.64.0.2"),
        PrefixLength = 24,
        NodeAddress = Ipv4Address.Parse("10.64.0.1"),
        Routes = [Ipv4Prefix.Parse("10.1.0.0/24")],
        DnsServers = [Ipv4Address.Parse("10.1.0.53")],
        DnsDomains = ["example.org"],
        NodeName = "node-1",
    };

    private static readonly byte[] Packet = Convert.FromHexString("4500002000000000401165CA0A4000020A01000A00070007000C000001020304");

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            var many = Offer with { Routes = [.. Enumerable.Range(0, 200).Select(i => Ipv4Prefix.Around(new Ipv4Address(0x0A02_0000 + ((uint)i << 8)), 24))], MtuBytes = 576 };
            var request = TunnelCodec.Encode(new TunnelControl { Configure = new ConfigureRequest { Version = 1, MtuBytes = 1_280 } });
            var probe = TunnelCodec.Encode(new TunnelControl { Probe = new TunnelProbe { Value = 9 } });
            var farewell = TunnelCodec.EncodeFarewell(Reason.Idle, "quiet");
            byte[][] whole = role == TunnelRole.Device ? [.. TunnelCodec.Encode(Offer)] : [request];
            byte[][] parts = role == TunnelRole.Device ? [.. TunnelCodec.Encode(many)] : [request, request];
            var hop = TunnelCodec.Encode(new TunnelControl { Hop = new TunnelHop { IsStream = true } });
            return [Stream([.. whole, Packet, probe, hop, farewell]), Stream([.. parts, Packet, Packet, probe])];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var now = 0L;
        var machine = new TunnelMachine(role, TunnelLimits.MtuBytesDefault, now);
        if (role == TunnelRole.Device)
        {
            machine.SecuredAtDevice(now);
        }
        else
        {
            machine.SecuredAtNode(Offer, now);
        }

        var wasUp = Drain(machine);
        var traffic = default(TunnelTraffic);
        var buffer = new ReadOnlySequence<byte>(input.ToArray());
        while (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
        {
            now += header.Channel.Value & 0xFFF;
            traffic = traffic with { Heard = traffic.Heard + 1 };
            machine.OnDeadline(now, traffic);
            var result = machine.Receive(payload.ToArray(), now);
            Require(!result.IsPacket || (machine.State == TunnelState.Up && payload.Length <= machine.MtuBytes), "A packet was taken that should not be.");
            traffic = traffic with { Sent = traffic.Sent + 1 };
            machine.TellHop((header.Channel.Value & 0x1000) != 0, now);
            machine.PackedArrived(now);
            machine.Watch(traffic, now);
            wasUp |= Drain(machine);
        }

        return wasUp;
    }

    private static bool Drain(TunnelMachine machine)
    {
        var isUp = false;
        while (machine.TryTakeEffect(out var effect))
        {
            Require(effect.Plaintext.Length <= TunnelLimits.MtuBytesMax, "What is sent is longer than any record.");
            Require(effect.Kind != TunnelEffectKind.Closed || (effect.Detail.Length <= FrameLimits.MaxDetailCharacters && !effect.Detail.Any(char.IsControl)), "The end's words are too long or not printable.");
            if (effect.Configuration is { } configuration)
            {
                isUp = true;
                Require(configuration.FindFault() is null, $"A configuration with a fault is used: {configuration.FindFault()}");
                Require(configuration.MtuBytes <= TunnelLimits.MtuBytesDefault, "The far end made the MTU greater than was asked for.");
                Require(configuration.Routes.Count <= TunnelLimits.RoutesMax && NameRules.IsName(configuration.NodeName), "A bound of the configuration does not hold.");
                foreach (var part in TunnelCodec.Encode(configuration))
                {
                    Require(part.Length <= configuration.MtuBytes, "A part of the configuration does not fit its datagram.");
                    Require(TunnelCodec.TryDecode(part, out var control) == Reason.None && control!.Configuration.Version == TunnelLimits.Version, "What was encoded does not parse.");
                }
            }
        }

        return isUp;
    }

    private static byte[] Stream(IReadOnlyList<byte[]> contents)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var content in contents)
        {
            FrameWriter.Write(output, FrameType.Datagram, Channel.Create(1, 0), content);
        }

        return output.WrittenSpan.ToArray();
    }
}
