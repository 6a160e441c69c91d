using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Silo.Control;

/// <summary>Makes LinkStarted. What does not fit into its frame follows as Cut requests, in order.</summary>
internal static class LinkStarts
{
    // Id, reason, and the lengths around the body: below 64 bytes; a cut's own tag and length: at most 4.
    private const int EnvelopeBytes = 64;
    private const int CutEnvelopeBytes = 4;

    public static ControlAnswer Create(SiloId silo, DateTimeOffset now, EdgeLinked linked, List<Cut> cutsToFollow)
    {
        var started = new LinkStarted { SiloId = silo.Text, TimeUnixMs = now.ToUnixTimeMilliseconds(), Resync = linked.Resync, LastCut = linked.LastCut };
        var room = ControlLinkLimits.MaxBodyBytes - EnvelopeBytes - started.CalculateSize();
        foreach (var entry in linked.Cuts)
        {
            var cut = WireForms.ToWire(entry);
            room -= cut.CalculateSize() + CutEnvelopeBytes;
            if (room < 0 || cutsToFollow.Count > 0)
            {
                cutsToFollow.Add(cut);
                continue;
            }

            started.Cuts.Add(cut);
        }

        if (cutsToFollow.Count > 0)
        {
            started.LastCut = started.Cuts.Count > 0 ? started.Cuts[^1].Sequence : cutsToFollow[0].Sequence - 1;
        }

        return new ControlAnswer { LinkStarted = started };
    }
}
