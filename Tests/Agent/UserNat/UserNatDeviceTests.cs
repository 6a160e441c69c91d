using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansUem.Agent.UserNat;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.UserNat;

/// <summary>The NAT on libslirp with real sockets, in a namespace that has 10.1.0.10 and loopback.</summary>
public sealed class UserNatDeviceTests : IAsyncLifetime
{
    private const Requirement Needs = Requirement.NetNamespaces | Requirement.Slirp;
    private const string Server = "10.1.0.10";
    private static readonly UserNatOptions Options = new() { Pool = Ipv4Prefix.Parse("10.64.0.0/16"), OwnAddress = Ipv4Address.Parse("10.64.0.1"), MtuBytes = 1399 };

    private readonly BlockingCollection<DropReason> _drops = [];
    private readonly byte[] _buffer = new byte[65535];
    private NetNamespace? _host;
    private UserNatDevice? _device;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _device?.Dispose();
        _drops.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    [RequiresFact(Needs)]
    public async Task Datagrams_OfTwoGuestsWithOnePort_GetTheirOwnAnswers()
    {
        await OpenAsync();
        using var server = Listen(ProtocolType.Udp);
        foreach (var guest in new[] { "10.64.0.2", "10.64.255.254" })
        {
            Write(Udp(guest, Server, Port(server), Encoding.ASCII.GetBytes(guest)));
        }

        for (var i = 0; i < 2; i++)
        {
            var from = new IPEndPoint(IPAddress.Any, 0) as EndPoint;
            var bytes = server.ReceiveFrom(_buffer, ref from);
            Assert.Equal(Server, ((IPEndPoint)from).Address.ToString());
            server.SendTo(_buffer.AsSpan(0, bytes), SocketFlags.None, from);
        }

        var answers = new[] { Read(), Read() };
        foreach (var guest in new[] { "10.64.0.2", "10.64.255.254" })
        {
            var answer = Assert.Single(answers, packet => Ipv4Address.Read(packet.AsSpan(16)).ToString() == guest);
            Assert.Equal(guest, Encoding.ASCII.GetString(answer[28..]));
            Assert.Equal(Server, Ipv4Address.Read(answer.AsSpan(12)).ToString());
            Assert.Equal(40000, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(22)));
        }
    }

    [RequiresFact(Needs)]
    public async Task Datagram_FromSomebodyElse_IsUnsolicited()
    {
        await OpenAsync();
        using var server = Listen(ProtocolType.Udp);
        using var other = Listen(ProtocolType.Udp);
        Write(Udp("10.64.0.2", Server, Port(server), [1]));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        server.ReceiveFrom(_buffer, ref from);
        other.SendTo([6, 6, 6], SocketFlags.None, from);
        Assert.Equal(DropReason.Unsolicited, _drops.Take());
        server.SendTo([7], SocketFlags.None, from);
        Assert.Equal(7, Read()[28]);
    }

    [RequiresFact(Needs)]
    public async Task Datagram_LongerThanTheMtu_ComesInFragments()
    {
        await OpenAsync();
        using var server = Listen(ProtocolType.Udp);
        Write(Udp("10.64.0.2", Server, Port(server), [1]));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        server.ReceiveFrom(_buffer, ref from);
        server.SendTo(new byte[4_000], SocketFlags.None, from);
        var bytes = 0;
        bool more;
        do
        {
            var piece = Read();
            Assert.InRange(piece.Length, 21, Options.MtuBytes);
            bytes += piece.Length - 20;
            more = (piece[6] & 0x20) != 0;
        }
        while (more);
        Assert.Equal(4_008, bytes);
    }

    [RequiresFact(Needs)]
    public async Task Connection_ToTheMachinesOwnAddress_OpensAndOneToLoopbackDoesNot()
    {
        await OpenAsync();
        using var server = Listen(ProtocolType.Tcp);
        using var local = _host!.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        local.Bind(new IPEndPoint(IPAddress.Loopback, Port(server)));
        local.Listen();

        // By its number, by the NAT's own address, which libslirp would translate to loopback, and by libslirp's usual one.
        foreach (var address in new[] { "127.0.0.1", "127.1.2.3", "10.64.0.1", "10.64.2.2", "0.0.0.0", "224.0.0.1", "255.255.255.255" })
        {
            Write(Syn("10.64.0.2", address, Port(server)));
            Assert.Equal(DropReason.MalformedPacket, _drops.Take());
        }

        Write(Syn("10.64.0.2", Server, Port(server)));
        var answer = Read();
        Assert.Equal(0x12, answer[33]);
        Assert.Equal(Server, Ipv4Address.Read(answer.AsSpan(12)).ToString());
        Assert.False(local.Poll(0, SelectMode.SelectRead));
    }

    [RequiresFact(Needs)]
    public async Task Ping_OfTheNatsOwnAddress_IsAnsweredByItself()
    {
        await OpenAsync();
        Write(EchoRequest("10.64.0.2", "10.64.0.1"));
        var answer = Read();
        Assert.Equal((byte)0, answer[20]);
        Assert.Equal("10.64.0.1", Ipv4Address.Read(answer.AsSpan(12)).ToString());
    }

    [RequiresFact(Needs)]
    public async Task Ping_OfAServer_IsAnsweredByIt()
    {
        await OpenAsync();
        Assert.True(_device!.CanPing);
        Write(EchoRequest("10.64.0.2", Server));
        var answer = Read();
        Assert.Equal((byte)0, answer[20]);
        Assert.Equal(Server, Ipv4Address.Read(answer.AsSpan(12)).ToString());
    }

    [RequiresFact(Needs)]
    public async Task Sources_OutsideOfThePool_AreDropped()
    {
        await OpenAsync();
        foreach (var source in new[] { "10.65.0.2", "10.64.0.1", "127.0.0.1" })
        {
            Write(Udp(source, Server, 53, [1]));
            Assert.Equal(DropReason.MalformedPacket, _drops.Take());
        }
    }

    [RequiresFact(Needs)]
    public async Task Sockets_AboveTheGuestsLimit_AreRefusedToThisGuestOnly()
    {
        await OpenAsync(Options with { SocketsPerGuestMax = 1 });
        using var server = Listen(ProtocolType.Udp);
        Write(Udp("10.64.0.2", Server, Port(server), [1]));
        Assert.Equal(1, server.Receive(_buffer));
        Write(Syn("10.64.0.2", Server, 80));
        Assert.Equal(DropReason.FlowLimit, _drops.Take());
        Write(Udp("10.64.0.3", Server, Port(server), [2, 2]));
        Assert.Equal(2, server.Receive(_buffer));
    }

    [RequiresFact(Needs)]
    public async Task Dispose_WithAWaitingReader_EndsItAndClosesTheSockets()
    {
        await OpenAsync();
        using var server = Listen(ProtocolType.Tcp);
        Write(Syn("10.64.0.2", Server, Port(server)));
        Assert.Equal(0x12, Read()[33]);
        using var accepted = server.Accept();
        var reading = Task.Run(() => _device!.WaitReadable());
        _device!.Dispose();
        Assert.False(await reading.WithinAsync("the end of the reader"));
        Assert.False(_device.TryWrite(Syn("10.64.0.2", Server, 80)));
        var end = Task.Run(() => accepted.Receive(_buffer));
        Assert.Equal(0, await end.WithinAsync("the end of the connection"));
    }

    private static ushort Port(Socket socket) => (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;

    private static byte[] Udp(string source, string destination, ushort port, byte[] payload)
    {
        var packet = PacketBuilder.Udp(source, destination, port, payload.Length);
        payload.CopyTo(packet, 28);
        return SuperPacketBuilder.Seal(packet);
    }

    private static byte[] Syn(string source, string destination, ushort port)
    {
        var packet = PacketBuilder.Tcp(source, destination, port);
        packet[32] = 0x50;
        packet[33] = 0x02;
        packet[34] = 0xff;
        return SuperPacketBuilder.Seal(packet);
    }

    private static byte[] EchoRequest(string source, string destination)
    {
        var packet = PacketBuilder.Icmp(source, destination, 8, 8);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), InternetChecksum.Compute(packet.AsSpan(20)));
        return packet;
    }

    private async Task OpenAsync(UserNatOptions? options = null)
    {
        _host = await NetNamespace.CreateAsync("nat");
        await _host.RunAsync("ip", "address", "add", Server + "/32", "dev", "lo");
        _host.WriteSetting("ipv4/ping_group_range", "0 2147483647");
        _device = _host.Run(() => UserNatDevice.Open(options ?? Options, _drops.Add, TimeProvider.System));
    }

    private Socket Listen(ProtocolType protocol) => _host!.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol) { ReceiveTimeout = 30_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(Server), 0));
        if (protocol == ProtocolType.Tcp)
        {
            socket.Listen();
        }

        return socket;
    });

    private void Write(byte[] packet) => Assert.True(_device!.TryWrite(packet));

    // A device that stays silent is ended by the run's limit for a hanging test.
    private byte[] Read()
    {
        int bytes;
        while (!_device!.TryRead(_buffer, out _, out bytes) && _device.WaitReadable())
        {
        }

        return _buffer[..bytes];
    }
}
