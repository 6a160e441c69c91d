using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Reminders;

/// <summary>The call of a tick.</summary>
internal struct ReminderCall : IGrainCall
{
    internal static readonly GrainMethod Method = new(
        typeof(IRemindable), nameof(IRemindable.ReceiveReminder), [typeof(string), typeof(TickStatus)], GrainMethodTraits.None, null);

    internal string Name;

    internal TickStatus Status;

    public readonly int ArgumentCount => 2;

    public CancellationToken CancellationToken { get; set; }

    public readonly Task Invoke(object target) => ((IRemindable)target).ReceiveReminder(Name, Status);

    public readonly void CopyArguments(ArgumentCopier copier)
    {
        // A text and a readonly struct: nothing to copy.
    }

    public readonly object? GetArgument(int index) => index == 0 ? Name : Status;

    public void SetArgument(int index, object? value)
    {
        if (index == 0)
        {
            Name = (string)value!;
        }
        else
        {
            Status = (TickStatus)value!;
        }
    }
}
