using Microsoft.Extensions.Logging;

namespace OrleansUem.Embedded.Runtime;

internal static partial class ActorHostLog
{
    [LoggerMessage(4100, LogLevel.Information, "Actor host started: {Classes} grain classes, {Interfaces} interfaces, {Reminders} reminders")]
    internal static partial void Started(ILogger logger, int classes, int interfaces, int reminders);

    [LoggerMessage(4101, LogLevel.Information, "Actor host stopped; {Left} activations did not end in time")]
    internal static partial void Stopped(ILogger logger, int left);

    [LoggerMessage(4102, LogLevel.Warning, "A grain of type {GrainType} could not be activated")]
    internal static partial void ActivationFailed(ILogger logger, string grainType, Exception failure);

    [LoggerMessage(4103, LogLevel.Warning, "A grain of type {GrainType} failed in OnDeactivateAsync")]
    internal static partial void DeactivationFailed(ILogger logger, string grainType, Exception failure);

    [LoggerMessage(4104, LogLevel.Warning, "The one-way call {Interface}.{Method} failed")]
    internal static partial void OneWayFailed(ILogger logger, string @interface, string method, Exception? failure);

    [LoggerMessage(4105, LogLevel.Warning, "A timer callback of a grain of type {GrainType} failed")]
    internal static partial void TimerFailed(ILogger logger, string grainType, Exception? failure);

    [LoggerMessage(4106, LogLevel.Warning, "The reminder {Reminder} of a grain of type {GrainType} failed")]
    internal static partial void ReminderFailed(ILogger logger, string reminder, string grainType, Exception? failure);

    [LoggerMessage(4107, LogLevel.Debug, "{Count} idle activations collected")]
    internal static partial void Collected(ILogger logger, int count);

    [LoggerMessage(4108, LogLevel.Error, "The storage writer failed; the writes of its batch fail")]
    internal static partial void WriterFailed(ILogger logger, Exception failure);

    [LoggerMessage(4109, LogLevel.Information, "The storage writes again")]
    internal static partial void WriterRecovered(ILogger logger);
}
