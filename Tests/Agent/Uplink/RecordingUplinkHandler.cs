using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using FrameChannel = OrleansUem.Protocol.Wire.Channel;

namespace OrleansUem.Tests.Agent.Uplink;

/// <summary>Keeps what an uplink brings for a test to wait for.</summary>
internal sealed class RecordingUplinkHandler : IUplinkHandler
{
    public Channel<IUplinkSession> Attached { get; } = System.Threading.Channels.Channel.CreateUnbounded<IUplinkSession>();

    public Channel<(UplinkEnd End, TimeSpan? RetryIn)> Detached { get; } =
        System.Threading.Channels.Channel.CreateUnbounded<(UplinkEnd, TimeSpan?)>();

    public Channel<(FrameChannel Channel, byte[] Payload)> Datagrams { get; } =
        System.Threading.Channels.Channel.CreateUnbounded<(FrameChannel, byte[])>();

    public Task<IUplinkSession> NextAttachedAsync(string phase) => Attached.Reader.ReadAsync().AsTask().WithinAsync(phase);

    public Task<(UplinkEnd End, TimeSpan? RetryIn)> NextDetachedAsync(string phase) => Detached.Reader.ReadAsync().AsTask().WithinAsync(phase);

    public void OnConnecting(RelayAddress relay, IPAddress address)
    {
    }

    public void OnAttached(IUplinkSession session) => Attached.Writer.TryWrite(session);

    public Reason OnControl(IUplinkSession session, FrameType type, FrameChannel channel, IMessage body) => Reason.None;

    public void OnDatagram(IUplinkSession session, FrameChannel channel, in ReadOnlySequence<byte> payload) =>
        Datagrams.Writer.TryWrite((channel, payload.ToArray()));

    public void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after)
    {
    }

    public void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn) => Detached.Writer.TryWrite((end, retryIn));
}
