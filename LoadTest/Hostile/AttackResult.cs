namespace OrleansUem.LoadTest.Hostile;

/// <summary>What an attack came to.</summary>
/// <param name="Name">The attack's.</param>
/// <param name="Sent">Connections, datagrams or frames.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Refused">By how much each figure of the edge that says no has risen.</param>
/// <param name="MissingRefusals">Figures that should have risen and did not.</param>
/// <param name="RssBefore">Resident memory of the edge before.</param>
/// <param name="RssPeak">The most of it during the attack.</param>
/// <param name="RssAfter">At the end.</param>
/// <param name="CpuSeconds">CPU that the edge used.</param>
/// <param name="OverUdp">The tunnel beside whose data goes over UDP.</param>
/// <param name="OverTcp">The tunnel beside whose data goes over TCP.</param>
/// <param name="Fault">What was not as it must be, if something was.</param>
public sealed record AttackResult(
    string Name,
    long Sent,
    double Seconds,
    IReadOnlyDictionary<string, long> Refused,
    IReadOnlyList<string> MissingRefusals,
    long RssBefore,
    long RssPeak,
    long RssAfter,
    double CpuSeconds,
    TrafficShare OverUdp,
    TrafficShare OverTcp,
    string? Fault);
