using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>Why a session, or an attempt at one, ended, and what the peer said about coming back.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Detail">For people; at most <see cref="FrameLimits.MaxDetailCharacters"/> characters, without control characters.</param>
/// <param name="IsByPeer">True when the edge said CLOSE; false when this side found the fault or the connection broke.</param>
public sealed record UplinkEnd(Reason Reason, string Detail, bool IsByPeer)
{
    /// <summary>The edge's wish, zero for none.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>With <see cref="Reason.StaleGeneration"/>: the last generation that the grain accepted; 0 when not told.</summary>
    public ulong LastGeneration { get; init; }

    /// <summary>With <see cref="Reason.ClockSkew"/>: the silo's clock; null when not told.</summary>
    public DateTimeOffset? ServerTime { get; init; }

    /// <summary>The CLOSE that this side sends.</summary>
    /// <returns>The payload.</returns>
    public Close ToClose() => new() { Reason = (uint)Reason, Detail = ReasonText.Cut(Detail) };

    /// <inheritdoc/>
    public override string ToString()
    {
        var by = IsByPeer ? " (said by the edge)" : "";
        return Detail.Length == 0 ? $"{Reason.Describe()}{by}" : $"{Reason.Describe()}: {Detail}{by}";
    }
}
