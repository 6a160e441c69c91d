namespace OrleansUem.Protocol.Ids;

/// <summary>
/// A session on one edge: chosen by that edge, unique among its sessions since its process started, never 0. Together with
/// <see cref="EdgeId"/> and the attach generation it names a session in the whole installation.
/// </summary>
/// <param name="Value">1..2^63-1.</param>
public readonly record struct SessionId(ulong Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
