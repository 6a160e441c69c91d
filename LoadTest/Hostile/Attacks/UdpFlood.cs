using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Datagrams from many addresses to the UDP port: DTLS hellos, probes of paths that nobody has, frames of data, junk of all sizes.</summary>
internal sealed class UdpFlood : IHostileAttack
{
    private const int SocketsMax = 1_000;
    private const int Kinds = 5;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    public string Name => "udp";

    public string Summary => "UDP: DTLS hellos, made-up probes, data frames and junk from many addresses";

    public IReadOnlyList<string> Refusals => ["frames_dropped/UnknownAddress", "frames_dropped/UnknownPath", "frames_dropped/MalformedDatagram"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var sockets = new List<Socket>();
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            for (var i = 0; i < Math.Min(SocketsMax, target.Options.Addresses); i++)
            {
                sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
                sockets[i].Bind(new IPEndPoint(target.Source(i), 0));
                sockets[i].Connect(target.DevicesUdp);
            }

            using var timer = new PeriodicTimer(Tick, TimeProvider.System);
            var sent = 0;
            while (sent < target.Options.Datagrams && await timer.WaitForNextTickAsync(cancellationToken))
            {
                var due = Math.Min(target.Options.Datagrams, Stopwatch.GetElapsedTime(startedAt).TotalSeconds * target.Options.DatagramsPerSecond);
                for (; sent < due; sent++)
                {
                    sockets[sent % sockets.Count].Send(Make(sent % Kinds, random));
                }
            }

            return sent;
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static byte[] Make(int kind, Random random)
    {
        var datagram = new byte[kind == 0 ? random.Next(0, 1_400) : random.Next(PathLimits.DatagramBytesMin, 1_400)];
        random.NextBytes(datagram);
        switch (kind)
        {
            case 1:
                new PathDatagram(PathDatagramType.Probe, datagram.Length, (ulong)random.NextInt64(), 1, 0).Write(datagram, RandomNumberGenerator.GetBytes(32));
                break;
            case 2:
                // A probe's first byte, and nothing else of it.
                datagram[0] = (byte)PathDatagramType.Probe;
                break;
            case 3:
                // DTLS 1.2, handshake, epoch 0, ClientHello (RFC 6347 §4.1, §4.2.2).
                new byte[] { 22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0 }.CopyTo(datagram, 0);
                BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(11), (ushort)(datagram.Length - 13));
                datagram[13] = 1;
                break;
            case 4:
                new FrameHeader(FrameType.Datagram, FrameFlags.None, datagram.Length - FrameLimits.HeaderBytes, Channel.Create(1, 0)).Write(datagram);
                break;
            default:
                break;
        }

        return datagram;
    }
}
