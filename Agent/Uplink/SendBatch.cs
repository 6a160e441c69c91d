using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// What one thread has sealed and not sent yet. It is sent when it is full, when the thread turns to another session, and by <see cref="Flush"/>, which the owner
/// calls whenever it would wait: nothing is ever held back to fill a batch. One owner.
/// </summary>
/// <param name="onDropped">Told how many frames a session dropped instead of sending, for a counter.</param>
/// <param name="mayWait">Whether the thread may wait for room in a socket: what reads a TUN may, since packets then wait where they came from. What others wait for may not.</param>
public sealed class SendBatch(Action<int> onDropped, bool mayWait = false)
{
    /// <summary>As many as one UDP send takes with segmentation offload: waiting for more would only add delay.</summary>
    private const int MaxFrames = 60;

    private readonly FrameBatch _frames = new();
    private IUplinkSession? _session;

    /// <summary>Makes room for one more frame of a session.</summary>
    /// <param name="session">The session that the frame's channel belongs to.</param>
    /// <param name="payloadBytes">The most that its payload will have, at most <see cref="FrameLimits.MaxPayloadBytes"/>.</param>
    /// <param name="payload">Where it goes; valid until the next call.</param>
    /// <returns>The frames that wait; to be committed to.</returns>
    public FrameBatch For(IUplinkSession session, int payloadBytes, out Span<byte> payload)
    {
        if (_session != session)
        {
            Flush();
            _session = session;
        }
        else if (_frames.Count >= MaxFrames || !_frames.HasRoom(payloadBytes))
        {
            Flush();
        }

        _frames.TryBegin(payloadBytes, out payload);
        return _frames;
    }

    /// <summary>Sends what waits.</summary>
    public void Flush()
    {
        if (_frames.Count == 0)
        {
            return;
        }

        var dropped = _session!.SendFrames(_frames, mayWait);
        _frames.Clear();
        if (dropped > 0)
        {
            onDropped(dropped);
        }
    }
}
