namespace OrleansUem.Device.Control;

/// <summary>The last end of a session or tunnel.</summary>
/// <param name="Reason">The reason's name.</param>
/// <param name="Text">One line for people.</param>
/// <param name="At">When.</param>
public sealed record DeviceEnd(string Reason, string Text, DateTimeOffset At);
