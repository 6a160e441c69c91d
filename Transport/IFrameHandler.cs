using System.Buffers;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>Takes the frames of one connection, in order, on the connection's read loop.</summary>
public interface IFrameHandler
{
    /// <summary>
    /// Handles one frame. Called synchronously; must not block. PING, PONG, CLOSE and unknown types never arrive here: the connection deals
    /// with them.
    /// </summary>
    /// <param name="header">The header; the type is one that this version knows.</param>
    /// <param name="payload">The payload; valid until the method returns.</param>
    /// <returns><see cref="Reason.None"/> to go on; anything else closes the connection with that reason.</returns>
    Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload);

    /// <summary>All frames of one read have been handled: what was gathered from them goes out now.</summary>
    void OnReadEnd()
    {
    }

    /// <summary>What the next read waits for, so that a peer that sends faster than its frames leave is held back by its own connection; nearly always nothing. The connection's end ends the wait.</summary>
    Task PauseAsync() => Task.CompletedTask;
}
