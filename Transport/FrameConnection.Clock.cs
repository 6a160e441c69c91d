using System.Security.Cryptography;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <content>
/// Keep-alive and close limits, driven by <see cref="ConnectionTicker"/>. The loops only set flags; the tick turns them into times, so
/// that the data path reads no clock.
/// </content>
public sealed partial class FrameConnection
{
    private volatile bool _heard;
    private volatile bool _isHeldBack;
    private volatile bool _spoke;
    private bool _isWriting;
    private long _lastHeard;
    private long _lastSpoke;
    private long _writesSeen;
    private long _writeSince;
    private long? _endSince;
    private bool _isOver;

    internal void OnTick(long now)
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                CheckLimits(now);
            }
        }
    }

    private void CheckLimits(long now)
    {
        var interval = KeepAliveInterval;
        if (_heard || _isHeldBack)
        {
            _heard = false;
            _lastHeard = now;
        }

        if (_spoke)
        {
            _spoke = false;
            _lastSpoke = now;
        }

        if (End is not null)
        {
            _endSince ??= now;
            if (_time.GetElapsedTime(_endSince.Value, now) >= _options.CloseTimeout)
            {
                Abort();
            }
        }
        else if (_time.GetElapsedTime(_lastHeard, now) >= interval * KeepAliveIntervals)
        {
            Close(Reason.KeepAliveTimeout, $"Nothing was heard for {interval.TotalSeconds * KeepAliveIntervals:0} s.");
        }
        else if (IsWriteStuck(now, interval))
        {
            // CLOSE could not be sent either.
            TryEnd(new ConnectionEnd(Reason.SlowReader, "The peer does not read.", IsByPeer: false));
            Abort();
        }
        else if (_options.SendsPings && _time.GetElapsedTime(_lastSpoke, now) >= interval)
        {
            // The next one is due an interval after this one, whether or not it can be written yet.
            _lastSpoke = now;
            SendPing();
        }
    }

    private void StartClocks(long now)
    {
        _lastHeard = now;
        _lastSpoke = now;
    }

    private void StopClocks()
    {
        lock (_lock)
        {
            _isOver = true;
        }
    }

    private bool IsWriteStuck(long now, TimeSpan interval)
    {
        var writes = Volatile.Read(ref _writes);
        if (!Volatile.Read(ref _isWriting) || writes != _writesSeen)
        {
            _writesSeen = writes;
            _writeSince = now;
            return false;
        }

        return _time.GetElapsedTime(_writeSince, now) >= interval * KeepAliveIntervals;
    }

    private void SendPing()
    {
        var frame = new byte[FrameLimits.HeaderBytes + FrameLimits.PingBytes];
        new FrameHeader(FrameType.Ping, FrameFlags.None, FrameLimits.PingBytes, Channel.Session).Write(frame);
        RandomNumberGenerator.Fill(frame.AsSpan(FrameLimits.HeaderBytes));
        TrySendFrame(frame);
    }
}
