using System.Globalization;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>What a fleet's traffic came to.</summary>
/// <param name="Devices">Devices that sent.</param>
/// <param name="Sent">Packets.</param>
/// <param name="Missing">Packets without an echo.</param>
/// <param name="Longest">The longest round trip.</param>
public sealed record TrafficReport(int Devices, int Sent, int Missing, TimeSpan Longest)
{
    /// <summary>A line for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Sent} packets of {Devices} devices, {Missing} without an echo, longest round trip {Longest.TotalMilliseconds:F0} ms");
}
