using System.Globalization;
using OrleansUem.Grains;

namespace OrleansUem.Silo;

/// <summary>Checks <see cref="SiloOptions"/>; each error names the option, its value and the bound it broke.</summary>
public static class SiloOptionsValidator
{
    /// <summary>All faults of the options.</summary>
    /// <param name="options">The options.</param>
    /// <returns>One line each; empty when they are good.</returns>
    public static IReadOnlyList<string> Validate(SiloOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(options.StateDirectory))
        {
            errors.Add("StateDirectory is empty: name the directory that 'uem silo init' made.");
        }

        if (options.DatabaseFile is { } file && string.IsNullOrWhiteSpace(file))
        {
            errors.Add("DatabaseFile is empty: name the file that holds the PostgreSQL connection, or leave it out for SQLite.");
        }

        errors.AddRange(ActorHosting.Check(options));
        CheckCount(errors, nameof(options.MaxConnections), options.MaxConnections, 1, 100_000);
        CheckCount(errors, nameof(options.MaxConnectionsPerAddress), options.MaxConnectionsPerAddress, 1, Math.Max(1, options.MaxConnections));
        CheckCount(errors, nameof(options.MaxPending), options.MaxPending, 1, 10_000);
        if (options.StopTimeout < TimeSpan.FromSeconds(1) || options.StopTimeout > TimeSpan.FromMinutes(5))
        {
            errors.Add($"StopTimeout is {options.StopTimeout}: must be 00:00:01..00:05:00.");
        }

        errors.AddRange(GrainOptionsValidator.Validate(options.Grains));
        return errors;
    }

    private static void CheckCount(List<string> errors, string name, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}: must be {min}..{max}."));
        }
    }
}
