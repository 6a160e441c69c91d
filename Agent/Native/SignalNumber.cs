namespace OrleansUem.Agent.Native;

/// <summary>Signals by their numbers on x86 and ARM (signal(7)).</summary>
internal enum SignalNumber
{
    Hangup = 1,
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    User1 = 10,
    User2 = 12,
    Terminate = 15,
}
