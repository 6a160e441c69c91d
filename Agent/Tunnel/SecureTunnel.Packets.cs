using OrleansUem.Agent.Uplink;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>The way of packets: from their owner into records, and from records to their owner.</summary>
public sealed partial class SecureTunnel
{
    /// <summary>What this thread opens records into.</summary>
    [ThreadStatic]
    private static byte[]? _threadPlaintext;

    /// <summary>What this thread seals single records into.</summary>
    [ThreadStatic]
    private static byte[]? _threadRecord;

    // Whether the hops of this end, as it was last told, and of the far end are streams.
    private volatile bool _isStream;
    private volatile bool _isFarEndOnStream;

    /// <summary>Takes one datagram of the channel; any bytes.</summary>
    public void OnDatagram(ReadOnlySpan<byte> datagram)
    {
        var buffer = (_threadPlaintext ??= new byte[FrameLimits.MaxPayloadBytes]).AsSpan();
        if (datagram.Length > buffer.Length)
        {
            _handler.OnDropped(this, DropReason.Oversize);
            return;
        }

        if (_opener.IsReady)
        {
            OpenRecords(datagram, buffer);
        }
        else
        {
            ReceiveHandshake(datagram, buffer);
        }

        RaiseEvents();
    }

    /// <summary>Sends a packet of the TUN to the far end.</summary>
    /// <returns><see cref="DropReason.Unspecified"/> when the channel took it; otherwise why not. Not reported to the handler again.</returns>
    public DropReason SendPacket(ReadOnlySpan<byte> packet)
    {
        var record = _threadRecord ??= new byte[FrameLimits.MaxPayloadBytes];
        var drop = _sealer.TrySeal(packet, record, out var bytes, out var notice);
        if (drop == DropReason.Unspecified && !_handler.SendDatagram(this, record.AsSpan(0, bytes)))
        {
            drop = DropReason.QueueFull;
        }

        Act(notice);
        return drop;
    }

    /// <summary>Seals a packet of the TUN into a batch that the caller sends.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="session">The session that carries the tunnel.</param>
    /// <param name="channel">The tunnel's channel in it.</param>
    /// <param name="batch">The caller's.</param>
    /// <returns><see cref="DropReason.Unspecified"/> when it is in the batch; otherwise why not. Not reported to the handler again.</returns>
    public DropReason SendPacket(ReadOnlySpan<byte> packet, IUplinkSession session, Channel channel, SendBatch batch)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(batch);
        NoteHop(session.IsStream);
        var frames = batch.For(session, packet.Length + RecordOverheadBytes, out var record);
        var drop = _sealer.TrySeal(packet, record, out var bytes, out var notice);
        if (drop == DropReason.Unspecified)
        {
            frames.Commit(channel, bytes);
        }

        Act(notice);
        return drop;
    }

    /// <summary>
    /// Seals packets of one flow into a batch that the caller sends: one in a record or, where both ends' hops are streams, as many as a record holds. On a stream nothing is gained by small records, and each costs both ends
    /// a cipher call, a frame and a place in each queue.
    /// </summary>
    /// <param name="packets">Its current packet is the first; afterwards the first that was not taken, empty when all were.</param>
    /// <param name="session">The session that carries the tunnel.</param>
    /// <param name="channel">The tunnel's channel in it.</param>
    /// <param name="batch">The caller's.</param>
    /// <param name="taken">What was taken; nothing that is refused, unless the cipher failed.</param>
    /// <returns><see cref="DropReason.Unspecified"/> when what was taken is in the batch; otherwise why not. Not reported to the handler again.</returns>
    public DropReason SendPackets(scoped ref PacketSegmenter packets, IUplinkSession session, Channel channel, SendBatch batch, out TakenPackets taken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(batch);
        NoteHop(session.IsStream);
        var content = _isStream && _isFarEndOnStream
            ? Math.Max(packets.PacketBytesMax, Math.Min(TunnelLimits.PackedBytesMax, packets.Count * packets.PacketBytesMax))
            : packets.PacketBytesMax;
        var frames = batch.For(session, content + RecordOverheadBytes, out var record);
        var drop = _sealer.TrySeal(ref packets, record, out var bytes, out taken, out var notice);
        if (drop == DropReason.Unspecified)
        {
            frames.Commit(channel, bytes);
        }

        Act(notice);
        return drop;
    }

    private void OpenRecords(ReadOnlySpan<byte> datagram, Span<byte> buffer)
    {
        while (!datagram.IsEmpty)
        {
            if (!DtlsRecord.TryTake(ref datagram, out var record))
            {
                _handler.OnDropped(this, DropReason.RecordRejected);
                return;
            }

            var outcome = _opener.Open(record, buffer, out var plaintext, out var isPackets, out var notice);
            Act(notice, record.Epoch);

            if (isPackets)
            {
                Deliver(plaintext);
            }
            else if (outcome == RecordOutcome.Data)
            {
                ReceivePayload(plaintext);
            }
            else if (outcome != RecordOutcome.Warning)
            {
                ReceiveOther(record, outcome, buffer);
            }
        }
    }

    private void Deliver(ReadOnlySpan<byte> content)
    {
        var mtuBytes = _opener.MtuBytes;
        var (count, bytes, all) = (0, 0, 0);
        for (var run = new PacketRun(content); run.MoveNext(); all++)
        {
            if (run.Current.Length > mtuBytes || !TunnelCodec.IsIpv4(run.Current))
            {
                _handler.OnDropped(this, run.Current.Length > mtuBytes ? DropReason.Oversize : DropReason.MalformedPacket);
                continue;
            }

            count++;
            bytes += run.Current.Length;
            _handler.DeliverPacket(this, run.Current);
        }

        _opener.CountPackets(count, bytes);
        if (all > 1 && !_isStream)
        {
            lock (_lock)
            {
                _machine.PackedArrived(_timer.NowMilliseconds);
                Settle();
            }
        }
    }

    // This end's hop, as each packet that is sent finds it. The far end is told of a change, and only then.
    private void NoteHop(bool isStream)
    {
        if (isStream == _isStream)
        {
            return;
        }

        lock (_lock)
        {
            if (_machine.TellHop(isStream, _timer.NowMilliseconds))
            {
                _isStream = isStream;
                Settle();
            }
        }
    }

    private void ReceivePayload(ReadOnlySpan<byte> plaintext)
    {
        TunnelInput input;
        lock (_lock)
        {
            input = _machine.Receive(plaintext, _timer.NowMilliseconds);
            _isFarEndOnStream = _machine.IsFarEndOnStream;
            Settle();
        }

        if (input.IsPacket)
        {
            // The tunnel came up between the opener's look and here.
            Deliver(plaintext);
        }
        else if (input.Drop != DropReason.Unspecified)
        {
            _handler.OnDropped(this, input.Drop);
        }
    }
}
