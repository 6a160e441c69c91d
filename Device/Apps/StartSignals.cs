using System.Runtime.InteropServices;

namespace OrleansUem.Device.Apps;

/// <summary>Ctrl-C and SIGTERM while a command waits for its tunnel: they give the wait up, and never end this process by themselves.</summary>
internal sealed class StartSignals : IDisposable
{
    private readonly TaskCompletionSource<int> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public StartSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => GiveUp(context, 2));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => GiveUp(context, 15));
    }

    /// <summary>The number of the first signal.</summary>
    public Task<int> First => _first.Task;

    /// <summary>As a SIGTERM does.</summary>
    public void GiveUp() => _first.TrySetResult(15);

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    private void GiveUp(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        _first.TrySetResult(number);
    }
}
