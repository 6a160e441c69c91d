namespace OrleansUem.Device.Control;

/// <summary>The named set of <c>uem device up --apps</c> in a <see cref="DeviceReport"/>.</summary>
/// <param name="Programs">Paths of the programs that may be started in the tunnel.</param>
/// <param name="Running">Those that are in it now.</param>
public sealed record AppSetReport(IReadOnlyList<string> Programs, IReadOnlyList<RunningAppReport> Running);
