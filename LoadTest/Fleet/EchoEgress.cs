using OrleansUem.Agent.Tun;
using OrleansUem.Node.Egress;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>A node's network in memory that sends every UDP packet back to where it came from.</summary>
internal sealed class EchoEgress : INodeEgress
{
    private const int SourceOffset = 12;
    private const int DestinationOffset = 16;
    private const int AddressBytes = 4;
    private readonly MemoryTunDevice _nodeSide;
    private readonly MemoryTunDevice _network;
    private readonly Thread _echo;

    public EchoEgress(int mtuBytes)
    {
        (_nodeSide, _network) = MemoryTunDevice.CreatePair(mtuBytes, queuePacketsMax: 16_384);
        _echo = new Thread(Echo) { IsBackground = true, Name = "echo network" };
        _echo.Start();
    }

    public ITunDevice Tun => _nodeSide;

    public string Description => "echo network";

    public void Dispose()
    {
        _network.Dispose();
        _nodeSide.Dispose();
        _echo.Join();
    }

    private void Echo()
    {
        var packet = new byte[_network.MtuBytes];
        Span<byte> address = stackalloc byte[AddressBytes];
        for (int bytes; (bytes = _network.Read(packet)) > 0;)
        {
            if (bytes < DestinationOffset + AddressBytes)
            {
                continue;
            }

            // Exchanging source and destination leaves every checksum as it is.
            var source = packet.AsSpan(SourceOffset, AddressBytes);
            var destination = packet.AsSpan(DestinationOffset, AddressBytes);
            source.CopyTo(address);
            destination.CopyTo(source);
            address.CopyTo(destination);
            _ = _network.TryWrite(packet.AsSpan(0, bytes));
        }
    }
}
