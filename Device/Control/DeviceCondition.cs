namespace OrleansUem.Device.Control;

/// <summary>Where a device's tunnel stands, in the words of <c>uem device status</c>; numbers are never stored or sent.</summary>
public enum DeviceCondition
{
    /// <summary>Not stated.</summary>
    Unspecified = 0,

    /// <summary>An edge is being dialled.</summary>
    Connecting = 1,

    /// <summary>There is a session; the tunnel is asked for or being secured.</summary>
    Opening = 2,

    /// <summary>Packets pass.</summary>
    Up = 3,

    /// <summary>Closed for want of traffic; the next packet opens it.</summary>
    Asleep = 4,

    /// <summary>Session or tunnel ended; the next attempt follows by itself.</summary>
    Waiting = 5,

    /// <summary>The agent ends.</summary>
    Ending = 6,
}
