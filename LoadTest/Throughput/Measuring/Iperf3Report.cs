using System.Text.Json;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Reads the JSON that <c>iperf3 -c … -J</c> writes (versions 3.9 to 3.17).</summary>
internal static class Iperf3Report
{
    /// <exception cref="FormatException">iperf3 reported an error, or the text is not such a report.</exception>
    public static TcpResult ReadTcp(string json) => Read(json, end =>
    {
        var received = end.GetProperty("sum_received");
        return new TcpResult(
            received.GetProperty("bits_per_second").GetDouble(),
            received.GetProperty("bytes").GetDouble(),
            end.GetProperty("sum_sent").TryGetProperty("retransmits", out var retransmits) ? retransmits.GetDouble() : 0);
    });

    /// <exception cref="FormatException">iperf3 reported an error, or the text is not such a report.</exception>
    public static UdpProbe ReadUdp(string json) => Read(json, end =>
    {
        var sum = end.GetProperty("sum");
        var packets = sum.GetProperty("packets").GetDouble();
        var seconds = sum.GetProperty("seconds").GetDouble();

        // A receiver that got nothing reports zero packets: all are lost.
        return packets > 0 && seconds > 0
            ? new UdpProbe(packets / seconds, Math.Clamp(sum.GetProperty("lost_packets").GetDouble() / packets, 0, 1))
            : new UdpProbe(0, 1);
    });

    private static T Read<T>(string json, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.TryGetProperty("error", out var error)
                ? throw new FormatException($"iperf3: {error.GetString()}")
                : read(document.RootElement.GetProperty("end"));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"iperf3 wrote no report that can be read: {e.Message}", e);
        }
    }
}
