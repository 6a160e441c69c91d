using System.Buffers;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

/// <summary>The session that an <see cref="UplinkPath"/> belongs to.</summary>
internal interface IUplinkPathOwner
{
    /// <summary>Held while something is handed on: frames come on two threads, the connection's and the path's, and the handler takes them one at a time.</summary>
    Lock Delivery { get; }

    /// <summary>A frame came over UDP. Inside <see cref="Delivery"/>.</summary>
    void OnPathFrame(Channel channel, in ReadOnlySequence<byte> payload);

    /// <summary>What came together has been handed on. Inside <see cref="Delivery"/>.</summary>
    void OnPathBatchEnd();

    /// <summary>The path changed. Inside <see cref="Delivery"/>.</summary>
    void OnPathReport(UplinkPathReport report);

    /// <summary>Receiving failed for a fault of ours: the session is to end.</summary>
    void OnPathFault(Exception exception);

    /// <summary>Tells the edge over TCP that UDP is not used any more. Must not block.</summary>
    void SendPathLeft(ulong counter);

    /// <summary>Sends frames over TCP. Must not block.</summary>
    /// <returns>How many were dropped.</returns>
    int SendOverTcp(ReadOnlySpan<byte> frames);
}
