namespace OrleansUem.Device.Control;

/// <summary>One app in the tunnel of <c>uem device up --apps</c>.</summary>
/// <param name="Program">Its path.</param>
/// <param name="ProcessId">The <c>uem device run</c> that started it, and ends with its last process.</param>
/// <param name="Since">When it was let in.</param>
public sealed record RunningAppReport(string Program, int ProcessId, DateTimeOffset Since);
