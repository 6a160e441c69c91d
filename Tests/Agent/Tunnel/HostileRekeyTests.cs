using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>What a device may try with renewals once its tunnel is up.</summary>
public sealed class HostileRekeyTests
{
    private static readonly byte[] Packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 64, 0, 2, 10, 1, 0, 1];

    [Fact]
    public void Renew_Honest_NodeOpensBothEpochsAndFollows()
    {
        using var device = new RekeyingDevice();
        Assert.True(device.Renew(device.Credentials, attempt: 1));
        device.Node.OnDatagram(device.Seal(Packet));
        Assert.Equal(DropReason.Unspecified, device.Node.SendPacket(Packet));
        Assert.Equal(1, device.NodeEnd.Outbox.Dequeue()[4]);

        device.Switch();
        device.Node.OnDatagram(device.Seal(Packet));
        Assert.Equal(2, device.NodeEnd.Packets.Count);
        Assert.Equal(1, device.Node.Renewals);
        Assert.Equal(DropReason.Unspecified, device.Node.SendPacket(Packet));
        Assert.Equal(2, device.NodeEnd.Outbox.Dequeue()[4]);
    }

    [Fact]
    public void Renew_WithAnotherCertificateOfTheSameName_EndsTheTunnel()
    {
        using var device = new RekeyingDevice();
        device.Renew(device.IssueAgain(), attempt: 1);
        Assert.Equal(Reason.EndToEndFailed, device.NodeEnd.End!.Value.Reason);
        Assert.Contains("another certificate", device.NodeEnd.End.Value.Detail, StringComparison.Ordinal);
        Assert.Equal(0, device.Node.Renewals);
    }

    [Fact]
    public void SendRekey_Rubbish_TheTunnelLives()
    {
        using var device = new RekeyingDevice();
        var random = new Random(3);
        for (uint attempt = 1; attempt < 300; attempt++)
        {
            var datagram = new byte[random.Next(0, 1_200)];
            random.NextBytes(datagram);
            device.SendRekey((uint)random.Next(0, 4), attempt, datagram);
            device.PassTime(TimeSpan.FromMilliseconds(random.Next(0, 700)));
        }

        Assert.Equal(TunnelState.Up, device.Node.State);
        device.PassTime(TimeSpan.FromSeconds(2));
        Assert.True(device.Renew(device.Credentials, attempt: 1_000));
        device.Switch();
        device.Node.OnDatagram(device.Seal(Packet));
        Assert.Equal((1, 1), (device.NodeEnd.Packets.Count, device.Node.Renewals));
    }

    [Fact]
    public void Renew_SecondAttemptWithinASecond_NotAnswered()
    {
        using var device = new RekeyingDevice();
        Assert.True(device.Renew(device.Credentials, attempt: 1));
        Assert.False(device.Renew(device.Credentials, attempt: 2));
        device.PassTime(TimeSpan.FromMilliseconds(TunnelLimits.RekeyIntervalMin));
        Assert.True(device.Renew(device.Credentials, attempt: 3));
        device.Switch();
        device.Node.OnDatagram(device.Seal(Packet));
        Assert.Equal(1, device.Node.Renewals);
    }
}
