using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>Refuses bad settings before anything is touched.</summary>
internal static class DeviceOptionsValidator
{
    public static void Validate(DeviceOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.StateDirectory))
        {
            throw Bad("The state directory is empty: name it with --state DIR.");
        }

        if (options.MtuBytes is < TunnelLimits.MtuBytesMin or > TunnelLimits.MtuBytesMax)
        {
            throw Bad($"The MTU of --mtu {options.MtuBytes} is out of range: it must be {TunnelLimits.MtuBytesMin} to {TunnelLimits.MtuBytesMax} bytes.");
        }

        if (options.Node is { } node && !NameRules.IsName(node))
        {
            throw Bad($"--node '{node}' is not a name: 1 to {NameRules.MaxCharacters} characters of a-z 0-9 . _ -.");
        }

        if (options.Software.Length is 0 or > AttachClaims.MaxSoftwareCharacters)
        {
            throw Bad($"Software '{options.Software}' must have 1 to {AttachClaims.MaxSoftwareCharacters} characters.");
        }

        try
        {
            new TunOptions { Name = options.TunName, MtuBytes = options.MtuBytes }.Validate();
        }
        catch (ArgumentException e)
        {
            throw new DeviceFatalException(Reason.BadRequest, $"--tun: {e.Message}", e);
        }
    }

    private static DeviceFatalException Bad(string text) => new(Reason.BadRequest, text);
}
