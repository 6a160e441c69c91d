namespace OrleansUem.Protocol.Ids;

/// <summary>
/// One opening of a device's tunnel: counts up by one in the tunnel grain each time the device's tunnel is opened, so a later one replaces an
/// earlier one and an order for the earlier one can't touch the later. Unique together with tenant and device; never 0.
/// </summary>
/// <param name="Value">1..2^63-1.</param>
public readonly record struct TunnelId(ulong Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
