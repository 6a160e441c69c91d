namespace OrleansUem.Device.Control;

/// <summary>What is found at a state directory.</summary>
/// <param name="Report">Of the agent that runs; null: none does.</param>
/// <param name="WasKilled">Without a report: an agent ended without giving back what it had taken; <c>uem device down</c>, or the next start, does so.</param>
public sealed record DeviceStanding(DeviceReport? Report, bool WasKilled)
{
    /// <summary>Whether packets pass, or would at once: a tunnel that sleeps is opened by the next packet.</summary>
    public bool IsUp => Report is { State: DeviceCondition.Up or DeviceCondition.Asleep };
}
