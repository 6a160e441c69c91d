using Microsoft.Extensions.Options;

namespace OrleansUem.Embedded;

/// <summary>Checks options at the start of the host; the failure names every option, its value and its bound.</summary>
internal static class EmbeddedActorHostOptionsValidator
{
    private const int ServiceIdCharactersMax = 150;

    internal static void Check(EmbeddedActorHostOptions options)
    {
        var failures = new List<string>();
        if (options.GrainAssemblies.Count == 0)
        {
            failures.Add(Text(nameof(options.GrainAssemblies), "empty", "at least one assembly"));
        }

        if (string.IsNullOrWhiteSpace(options.ServiceId) || options.ServiceId.Length > ServiceIdCharactersMax)
        {
            failures.Add(Text(nameof(options.ServiceId), options.ServiceId, $"1 to {ServiceIdCharactersMax} characters"));
        }

        CheckSpan(options.ResponseTimeout, nameof(options.ResponseTimeout), TimeSpan.FromMilliseconds(1), true, failures);
        CheckSpan(options.ActivationTimeout, nameof(options.ActivationTimeout), TimeSpan.FromMilliseconds(1), true, failures);
        CheckSpan(options.DeactivationTimeout, nameof(options.DeactivationTimeout), TimeSpan.FromMilliseconds(1), true, failures);
        CheckSpan(options.StopTimeout, nameof(options.StopTimeout), TimeSpan.FromMilliseconds(1), true, failures);
        CheckSpan(options.CollectionQuantum, nameof(options.CollectionQuantum), TimeSpan.FromSeconds(1), false, failures);
        CheckSpan(options.CollectionAge, nameof(options.CollectionAge), options.CollectionQuantum, false, failures);
        CheckSpan(options.ReminderPeriodMin, nameof(options.ReminderPeriodMin), TimeSpan.FromMilliseconds(1), false, failures);
        CheckSpan(options.SlowCallThreshold, nameof(options.SlowCallThreshold), TimeSpan.FromMicroseconds(1), false, failures);
        CheckCount(options.QueuedRequestsMax, nameof(options.QueuedRequestsMax), 1, int.MaxValue, failures);
        CheckCount(options.InlineDepthMax, nameof(options.InlineDepthMax), 0, 256, failures);
        CheckCount(options.InlineCallsMax, nameof(options.InlineCallsMax), 1, int.MaxValue, failures);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(nameof(EmbeddedActorHostOptions), typeof(EmbeddedActorHostOptions), failures);
        }
    }

    private static void CheckSpan(TimeSpan value, string name, TimeSpan min, bool mayBeInfinite, List<string> failures)
    {
        if (value < min && !(mayBeInfinite && value == Timeout.InfiniteTimeSpan))
        {
            failures.Add(Text(name, value.ToString(), mayBeInfinite ? $"at least {min} or infinite" : $"at least {min}"));
        }
    }

    private static void CheckCount(int value, string name, int min, int max, List<string> failures)
    {
        if (value < min || value > max)
        {
            failures.Add(Text(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture), $"{min} to {max}"));
        }
    }

    private static string Text(string name, string value, string bound) =>
        $"{nameof(EmbeddedActorHostOptions)}.{name} is {value}; expected: {bound}.";
}
