using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Runtime;

internal sealed class ActorHost
{
    internal GrainFactory Factory { get; } = null!;

    internal ReminderService Reminders { get; } = null!;
}
