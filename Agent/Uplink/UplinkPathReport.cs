using System.Globalization;
using System.Net;
using OrleansUem.Protocol.Paths;

namespace OrleansUem.Agent.Uplink;

/// <summary>Which way a session's data goes from now on, and why.</summary>
/// <param name="Change">Up: over UDP. Down, Unreachable: over TCP.</param>
/// <param name="Remote">The edge's UDP address.</param>
/// <param name="DatagramBytes">The largest datagram that is sent, and that probes prove.</param>
/// <param name="RoundTrip">With Up: of the last probe.</param>
/// <param name="Refusal">Otherwise: what this machine said to a send; empty when no answer came.</param>
/// <param name="RetryIn">Otherwise: when UDP is tried again.</param>
public sealed record UplinkPathReport(
    PathChange Change, IPEndPoint Remote, int DatagramBytes, TimeSpan RoundTrip, string Refusal, TimeSpan RetryIn)
{
    /// <summary>Whether data goes over UDP.</summary>
    public bool IsUdp => Change == PathChange.Up;

    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        var why = Refusal.Length > 0 ? Refusal : $"no answer to datagrams of {DatagramBytes} bytes";
        return IsUdp
            ? string.Create(CultureInfo.InvariantCulture, $"Data goes over UDP to {Remote}, round trip {RoundTrip.TotalMilliseconds:0.0} ms")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Data {(Change == PathChange.Down ? "goes" : "stays")} on TCP: UDP to {Remote} brings {why}; next try in {RetryIn.TotalSeconds:0.0} s");
    }
}
