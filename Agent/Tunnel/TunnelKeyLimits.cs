using OrleansUem.Dtls.Records;

namespace OrleansUem.Agent.Tunnel;

/// <summary>When a tunnel's keys are to be renewed, and when they end it. Less than the default in tests only.</summary>
/// <param name="RecordsBeforeRekey">Records in either direction.</param>
/// <param name="PacketsMax">Packets that one key seals; then the tunnel ends.</param>
/// <param name="ForgeriesBeforeRekey">Records that failed authentication.</param>
internal sealed record TunnelKeyLimits(long RecordsBeforeRekey, long PacketsMax, long ForgeriesBeforeRekey)
{
    /// <summary>Records kept for control payloads: the farewell, and a renewal that is nearly through.</summary>
    private const long ControlRecords = 1_000;

    /// <summary>Uses between two words that the keys are worn: eight of them before the first bound comes a second time.</summary>
    public long Reminder => Math.Max(RecordsBeforeRekey / 8, 1);

    public static TunnelKeyLimits Default { get; } =
        new(RecordLimits.RecordsBeforeRekey, RecordLimits.RecordsMax - ControlRecords, RecordLimits.ForgeriesBeforeRekey);
}
