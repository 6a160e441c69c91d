namespace OrleansUem.Protocol.Paths;

/// <summary>What the owner of a <see cref="PathMachine"/> does next.</summary>
/// <param name="Change">What changed for the data.</param>
/// <param name="HasProbe">Send a probe with the machine's <see cref="PathMachine.Counter"/> and <see cref="PathMachine.Token"/>.</param>
/// <param name="IsNewAttempt">Before that take a new socket: another source port gets past a NAT's or a balancer's stuck state.</param>
public readonly record struct PathEffect(PathChange Change = PathChange.None, bool HasProbe = false, bool IsNewAttempt = false);
