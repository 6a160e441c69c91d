using System.Globalization;

namespace OrleansUem.Grains;

/// <summary>Refuses options that are out of their range, before anything starts.</summary>
public static class GrainOptionsValidator
{
    /// <summary>Checks every option.</summary>
    /// <returns>One sentence for each fault, naming option, value and bound; empty when all are fine.</returns>
    public static IReadOnlyList<string> Validate(GrainOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();
        Span(faults, nameof(options.LeaseLifetime), options.LeaseLifetime, 10, 300);
        if (options.TunnelIdle != TimeSpan.Zero)
        {
            Span(faults, nameof(options.TunnelIdle), options.TunnelIdle, 10, 86_400);
        }

        Number(faults, nameof(options.MaxTunnelsPerNode), options.MaxTunnelsPerNode, 1_000_000);
        Number(faults, nameof(options.MaxNodesPerTenant), options.MaxNodesPerTenant, 10_000);
        Number(faults, nameof(options.MaxEnrolmentsPerTenant), options.MaxEnrolmentsPerTenant, 1_024);
        Span(faults, nameof(options.NodeAnswerTimeout), options.NodeAnswerTimeout, 1, 5);
        Span(faults, nameof(options.LocateTimeout), options.LocateTimeout, 0.1, 5);
        Span(faults, nameof(options.CutTimeout), options.CutTimeout, 0.1, 10);
        Span(faults, nameof(options.LinkExpiry), options.LinkExpiry, 15, 300);
        Span(faults, nameof(options.RootsLifetime), options.RootsLifetime, 10, 3_600);
        return faults;
    }

    private static void Span(List<string> faults, string name, TimeSpan value, double least, double most)
    {
        if (value < TimeSpan.FromSeconds(least) || value > TimeSpan.FromSeconds(most))
        {
            faults.Add(string.Create(
                CultureInfo.InvariantCulture, $"GrainOptions.{name} is {value.TotalSeconds} s; it must be {least}..{most} s."));
        }
    }

    private static void Number(List<string> faults, string name, int value, int most)
    {
        if (value < 1 || value > most)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"GrainOptions.{name} is {value}; it must be 1..{most}."));
        }
    }
}
