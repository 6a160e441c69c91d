using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Repo;
using Xunit;

namespace OrleansUem.Tests.Protocol;

/// <summary>
/// Replays <c>Tests/Corpus</c>: a file for each parser of untrusted bytes, a line for each input: its name and its bytes in hexadecimal. Whatever a parser
/// ever choked on gets a line. Each input is also mutated with fixed seeds. No parser throws, and what parses is written and parsed again to the same.
/// </summary>
public sealed class CorpusTests
{
    private const int MutantsPerInput = 300;

    [Fact]
    public void Frames() => Replay("frames.hex", bytes =>
    {
        var buffer = new ReadOnlySequence<byte>(bytes);
        while (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out var header, out var payload) == FrameReadResult.Frame)
        {
            if (ParserOf(header.Type) is { } parser)
            {
                RoundTrip(parser, payload);
            }
        }
    });

    [Fact]
    public void PathDatagrams()
    {
        var keys = new PathKeys([.. Enumerable.Range(0, PathKeys.SecretBytes).Select(i => (byte)i)]);
        var ack = new byte[PathLimits.DatagramBytesMax];
        Replay("paths.hex", bytes =>
        {
            _ = DatagramFrame.TryRead(bytes, out _);
            var verdict = new PathValidator(0x0102030405060708, keys, () => 1).OnProbe(bytes, default, TimeSpan.Zero, ack);
            if (PathDatagram.TryRead(bytes, out var datagram))
            {
                Assert.Equal(bytes.Length, datagram.Bytes);
                Assert.Equal(
                    datagram.Type == PathDatagramType.Probe && datagram.PathId == 0x0102030405060708 && datagram.Counter > 0 && PathDatagram.IsAuthentic(bytes, keys.Probe),
                    verdict.Drop == DropReason.Unspecified);
            }
            else
            {
                Assert.Equal(DropReason.MalformedDatagram, verdict.Drop);
            }
        });
    }

    [Fact]
    public void Certificates()
    {
        using var tenant = new TestAuthority();
        Replay("certificates.hex", bytes =>
        {
            if (CertificateProfile.TryLoad(bytes, out var certificate) == Reason.None)
            {
                using (certificate)
                {
                    _ = CertificateProfile.IsRoot(certificate!);
                    Assert.NotEqual(Reason.None, CertificateProfile.Verify(certificate!, tenant.Authority.Root, PeerRole.Device, TestAuthority.Epoch, out _));
                    _ = SignedText.Verify(certificate!, SignedText.Attach, bytes, bytes);
                }
            }
        });
    }

    [Fact]
    public void CertificateRequests() => Replay("requests.hex", bytes => _ = SigningRequest.TryRead(bytes, out _));

    [Fact]
    public void TunnelPayloads() => Replay("tunnel.hex", bytes =>
    {
        foreach (var role in new[] { TunnelRole.Device, TunnelRole.Node })
        {
            var machine = new TunnelMachine(role, TunnelLimits.MtuBytesDefault, nowMilliseconds: 0);
            if (role == TunnelRole.Device)
            {
                machine.SecuredAtDevice(0);
            }

            _ = machine.Receive(bytes, 1);
            while (machine.TryTakeEffect(out _))
            {
            }
        }

        if (TunnelCodec.TryDecode(bytes, out var control) == Reason.None && control is not null)
        {
            Assert.Equal(Reason.None, TunnelCodec.TryDecode(TunnelCodec.Encode(control), out var again));
            Assert.Equal(control, again);
        }
    });

    [Fact]
    public void Packets()
    {
        var policy = DestinationPolicy.Parse("10.1.0.0/24:tcp/80", "!10.1.1.0/24", "10.1.0.0/16");
        Replay("packets.hex", bytes =>
        {
            if (Ipv4Packet.TryParse(bytes, out var packet, out _))
            {
                _ = policy.Judge(packet);
                _ = IcmpError.TryBuildAdministrativelyProhibited(packet, Ipv4Address.Parse("10.64.0.1"), new byte[1500], out _);
            }
        });
    }

    [Fact]
    public void Offloads()
    {
        var coalescer = new PacketCoalescer(joinsUdp: true);
        Replay("offloads.hex", bytes =>
        {
            if (bytes.Length < VirtioNetHeader.WireBytes)
            {
                return;
            }

            var offload = VirtioNetHeader.Read(bytes);
            if (PacketSegmenter.TryCreate(offload, bytes.AsSpan(VirtioNetHeader.WireBytes), out var segmenter) != DropReason.Unspecified)
            {
                return;
            }

            var made = 0;
            for (; segmenter.MoveNext(); made++)
            {
                Assert.InRange(segmenter.Current.Length, 1, segmenter.PacketBytesMax);
                Assert.True(coalescer.TryAdd(segmenter.Current));
                if (offload.Segmentation != VirtioSegmentation.None)
                {
                    Assert.True(Ipv4Packet.TryParse(segmenter.Current, out var packet, out _));
                    Assert.Equal(segmenter.Current.Length, packet.TotalBytes);
                }
            }

            Assert.Equal(segmenter.Count, made);
            while (coalescer.TryTake(out var taken))
            {
                made -= taken.Packets;
            }

            Assert.Equal(0, made);
        });
    }

    [Fact]
    public void EnrolmentUris()
    {
        foreach (var line in File.ReadAllLines(PathOf("uris.txt")))
        {
            for (var seed = 0; seed < MutantsPerInput; seed++)
            {
                var text = line.ToCharArray();
                var random = new Random(seed);
                for (var i = seed == 0 || text.Length == 0 ? 0 : random.Next(1, 4); i > 0; i--)
                {
                    text[random.Next(text.Length)] = (char)random.Next(1, 256);
                }

                if (EnrolmentUri.TryParse(new string(text), out var uri, out _))
                {
                    Assert.True(EnrolmentUri.TryParse(uri.ToSecretText(), out var again, out var error), $"seed {seed}: {error}");
                    Assert.Equal(uri.ToSecretText(), again.ToSecretText());
                }
            }
        }
    }

    private static MessageParser? ParserOf(FrameType type) => type switch
    {
        FrameType.Hello => Hello.Parser,
        FrameType.Attach => Attach.Parser,
        FrameType.Attached => Attached.Parser,
        FrameType.Close => Close.Parser,
        FrameType.GoAway => GoAway.Parser,
        FrameType.PathLeft => PathLeft.Parser,
        FrameType.Open => Open.Parser,
        FrameType.Opened => Opened.Parser,
        FrameType.Refused => Refused.Parser,
        FrameType.CloseTunnel => CloseTunnel.Parser,
        FrameType.Enrol => Enrol.Parser,
        FrameType.EnrolAnswer => EnrolAnswer.Parser,
        FrameType.RegisterTenant => RegisterTenant.Parser,
        FrameType.TenantRegistered => TenantRegistered.Parser,
        FrameType.ControlRequest => ControlRequest.Parser,
        FrameType.ControlAnswer => ControlAnswer.Parser,
        FrameType.Join => Join.Parser,
        FrameType.Joined => Joined.Parser,
        _ => null,
    };

    private static void RoundTrip(MessageParser parser, in ReadOnlySequence<byte> payload)
    {
        IMessage parsed;
        try
        {
            parsed = parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // The one exception that every caller of a parser catches.
            return;
        }

        Assert.Equal(parsed, parser.ParseFrom(parsed.ToByteArray()));
    }

    private static void Replay(string file, Action<byte[]> target)
    {
        foreach (var line in File.ReadAllLines(PathOf(file)))
        {
            var parts = line.Split(' ');
            var input = Convert.FromHexString(parts.ElementAtOrDefault(1) ?? "");
            for (var seed = 0; seed < MutantsPerInput; seed++)
            {
                var bytes = seed == 0 ? input : Mutate(input, new Random(seed));
                try
                {
                    target(bytes);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"{file}, {parts[0]}, seed {seed}: {Convert.ToHexString(bytes)}", e);
                }
            }
        }
    }

    private static byte[] Mutate(byte[] input, Random random)
    {
        var bytes = random.Next(4) == 0 ? input[..random.Next(input.Length + 1)] : input.ToArray();
        for (var i = bytes.Length == 0 ? 0 : random.Next(1, 5); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private static string PathOf(string file) => Path.Combine(Repository.Root, "Tests", "Corpus", file);
}
