using OrleansUem.Agent.Tunnel;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>Keys renewed under traffic, with real DTLS on virtual time.</summary>
public sealed class TunnelRekeyTests
{
    private static readonly TunnelKeyLimits Few = new(RecordsBeforeRekey: 60, PacketsMax: 2_000, ForgeriesBeforeRekey: 20);

    [Fact]
    public void Rekey_TrafficBothWays_LosesNoPacketAndRepeatsNoNonce()
    {
        using var pair = new TunnelPair(limits: Few);
        var sealedRecords = new HashSet<(bool, ushort, ulong)>();
        var epochs = new HashSet<ushort>();
        pair.OnSent = (to, datagram) =>
        {
            ReadOnlySpan<byte> rest = datagram;
            while (DtlsRecord.TryTake(ref rest, out var record))
            {
                if (record.Epoch > 0)
                {
                    epochs.Add(record.Epoch);
                    Assert.True(sealedRecords.Add((to == pair.Device, record.Epoch, record.Sequence)), $"epoch {record.Epoch}: {record.Sequence} twice");
                }
            }
        };
        pair.Up();
        const int Packets = 3_000;
        for (var i = 0; i < Packets; i++)
        {
            Assert.Equal(DropReason.Unspecified, pair.Device.SendPacket(Numbered(i)));
            Assert.Equal(DropReason.Unspecified, pair.Node.SendPacket(Numbered(i)));
            Run(pair, 5);
        }

        Assert.True(pair.RunUntil(() => pair.NodeEnd.Packets.Count == Packets && pair.DeviceEnd.Packets.Count == Packets, 1_000));
        Assert.Equal(Packets, pair.NodeEnd.Packets.Select(Number).Distinct().Count());
        Assert.InRange(pair.Device.Renewals, 1, int.MaxValue);
        Assert.Equal(pair.Device.Renewals, pair.Node.Renewals);

        // At one packet in 5 ms and 10 s of overlap: every 10.3 s or so.
        Assert.Equal(pair.Device.Renewals + 1, epochs.Count);
        Assert.Empty(pair.NodeEnd.Drops);
        Assert.Empty(pair.DeviceEnd.Drops);
    }

    [Fact]
    public void Rekey_OnlyTheNodeSends_DeviceBeginsAndConfirmsByItself()
    {
        using var pair = new TunnelPair(limits: Few);
        pair.Up();
        for (var i = 0; i < 200; i++)
        {
            pair.Node.SendPacket(Numbered(i));
            Run(pair, 10);
        }

        Assert.Equal((1, 1), (pair.Device.Renewals, pair.Node.Renewals));
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.Packets.Count == 200, 1_000));
    }

    [Fact]
    public void Rekey_LossyLink_RenewsForEverySeed()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            using var pair = new TunnelPair(seed, limits: Few);
            pair.Up();
            pair.Loss = 0.25;
            for (var i = 0; i < 1_500 && pair.Node.Renewals < 2; i++)
            {
                pair.Device.SendPacket(Numbered(i));
                pair.Node.SendPacket(Numbered(i));
                Run(pair, 20);
            }

            Assert.True(
                pair.Node.Renewals >= 2 && pair.Device.State == TunnelState.Up && pair.Node.State == TunnelState.Up,
                $"seed {seed}: device {pair.Device.Renewals} {pair.DeviceEnd.End}, node {pair.Node.Renewals} {pair.NodeEnd.End}");
            Assert.True(pair.NodeEnd.Packets.Count > 40 && pair.DeviceEnd.Packets.Count > 40, $"seed {seed}");
        }
    }

    [Fact]
    public void Rekey_FarEndUnreachable_TriesAgainAfterwards()
    {
        using var pair = new TunnelPair(limits: Few);
        pair.Up();
        for (var i = 0; i < 58; i++)
        {
            pair.Device.SendPacket(Numbered(i));
        }

        Run(pair, 100);
        pair.Loss = 1;
        for (var i = 0; i < 30; i++)
        {
            pair.Device.SendPacket(Numbered(i));
        }

        Run(pair, 12_000);
        Assert.Equal(0, pair.Device.Renewals);
        pair.Loss = 0;
        Assert.True(pair.RunUntil(() => pair.Device.Renewals == 1 && pair.Node.Renewals == 1, 8_000), $"{pair.DeviceEnd.End}");
    }

    [Fact]
    public void Rekey_KeysOfAnHour_RenewedWithTrafficOnly()
    {
        using var pair = new TunnelPair();
        pair.Up();
        Assert.True(pair.RunUntil(() => pair.DeviceTimer.PendingCount == 0 && pair.NodeTimer.PendingCount == 0));
        pair.Time.Advance(TimeSpan.FromMilliseconds(2 * TunnelLimits.RekeyAfter));
        Run(pair, 1_000);
        Assert.Equal(0, pair.Device.Renewals);
        Assert.Equal(0, pair.DeviceTimer.PendingCount);

        pair.Device.SendPacket(Numbered(1));
        Run(pair, 100);
        pair.Node.SendPacket(Numbered(1));
        Assert.True(pair.RunUntil(() => pair.Device.Renewals == 1 && pair.Node.Renewals == 1, 10_000));

        // And a tunnel at rest has no timer again.
        Assert.True(pair.RunUntil(() => pair.DeviceTimer.PendingCount == 0 && pair.NodeTimer.PendingCount == 0));
        pair.Node.SendPacket(Numbered(2));
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.Packets.Count == 2, 1_000));
    }

    [Fact]
    public void Rekey_Forgeries_AreAReasonToo()
    {
        using var pair = new TunnelPair(limits: Few);
        pair.Up();
        pair.Node.SendPacket(Numbered(1));
        var forged = pair.NodeEnd.Outbox.Peek().ToArray();
        forged[^1] ^= 1;
        for (var i = 0; i < Few.ForgeriesBeforeRekey; i++)
        {
            pair.Device.OnDatagram(forged);
        }

        Assert.True(pair.RunUntil(() => pair.Device.Renewals == 1 && pair.Node.Renewals == 1, 2_000));
    }

    [Fact]
    public void SendPacket_NoRenewalEverComes_StopsAtTheBoundAndBothEndsSayWhy()
    {
        using var pair = new TunnelPair(limits: new TunnelKeyLimits(RecordsBeforeRekey: long.MaxValue, PacketsMax: 100, ForgeriesBeforeRekey: long.MaxValue));
        pair.Up();
        var taken = 0;
        while (pair.Node.SendPacket(Numbered(taken)) == DropReason.Unspecified)
        {
            taken++;
        }

        // The sealer has sealed the answer to the device's question too.
        Assert.InRange(taken, 90, 100);
        Assert.Equal(Reason.KeysUsedUp, pair.NodeEnd.End!.Value.Reason);
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null, 1_000));
        Assert.Equal((Reason.KeysUsedUp, true), (pair.DeviceEnd.End!.Value.Reason, pair.DeviceEnd.End.Value.IsByPeer));
        Assert.Equal(DropReason.NoTunnel, pair.Node.SendPacket(Numbered(0)));
    }

    [Fact]
    public void Rekey_DeviceRevokedMeanwhile_EndsTheTunnel()
    {
        var isRevoked = false;
        using var pair = new TunnelPair(limits: Few, isDeviceRevoked: () => isRevoked);
        pair.Up();
        isRevoked = true;
        for (var i = 0; i < 100; i++)
        {
            pair.Device.SendPacket(Numbered(i));
        }

        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null && pair.NodeEnd.End is not null, 5_000));
        Assert.Equal(Reason.EndToEndFailed, pair.NodeEnd.End!.Value.Reason);
        Assert.Contains("CertificateRevoked", pair.NodeEnd.End.Value.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void OnDatagram_OldEpochAfterTheOverlap_IsRejected()
    {
        using var pair = new TunnelPair(limits: Few);
        pair.Up();
        pair.Device.SendPacket(Numbered(1_000));
        var late = pair.DeviceEnd.Outbox.Dequeue();
        pair.Device.SendPacket(Numbered(1_001));
        var tooLate = pair.DeviceEnd.Outbox.Dequeue();
        for (var i = 0; i < 100; i++)
        {
            pair.Device.SendPacket(Numbered(i));
        }

        Assert.True(pair.RunUntil(() => pair.Node.Renewals == 1, 5_000));
        pair.Node.OnDatagram(late);
        Assert.Contains(pair.NodeEnd.Packets, packet => Number(packet) == 1_000);
        Assert.Empty(pair.NodeEnd.Drops);
        Run(pair, (int)TunnelLimits.RekeyOverlap + 1);
        pair.Node.OnDatagram(tooLate);
        Assert.Equal([DropReason.RecordRejected], pair.NodeEnd.Drops);
        Assert.DoesNotContain(pair.NodeEnd.Packets, packet => Number(packet) == 1_001);
    }

    private static void Run(TunnelPair pair, int milliseconds) => pair.RunUntil(() => false, milliseconds);

    private static byte[] Numbered(int number) =>
        [0x45, 0, 0, 20, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number, 64, 17, 0, 0, 10, 64, 0, 2, 10, 1, 0, 1];

    private static int Number(byte[] packet) => (packet[4] << 24) | (packet[5] << 16) | (packet[6] << 8) | packet[7];
}
