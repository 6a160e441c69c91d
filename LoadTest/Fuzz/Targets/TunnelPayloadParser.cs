using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>The content of one record as <see cref="TunnelCodec"/> reads it, and as both ends of a tunnel take it as the first thing they hear.</summary>
internal sealed class TunnelPayloadParser : FuzzParser
{
    public override bool Take(ReadOnlySpan<byte> input)
    {
        foreach (var role in new[] { TunnelRole.Device, TunnelRole.Node })
        {
            var machine = new TunnelMachine(role, TunnelLimits.MtuBytesDefault, nowMilliseconds: 0);
            if (role == TunnelRole.Device)
            {
                machine.SecuredAtDevice(0);
            }
            else
            {
                machine.RefuseAtNode(Reason.NoAddress, "none left", 0);
            }

            _ = machine.Receive(input, 1);
            while (machine.TryTakeEffect(out _))
            {
            }
        }

        if (TunnelCodec.TryDecode(input, out var control) != Reason.None || control is null)
        {
            return false;
        }

        Require(TunnelCodec.TryDecode(TunnelCodec.Encode(control), out var again) == Reason.None && control.Equals(again), "What was written is not what was parsed.");
        return control.BodyCase != TunnelControl.BodyOneofCase.None;
    }
}
