using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Tunnel;

public sealed class TunnelMachinePropertyTests
{
    [Theory]
    [InlineData(TunnelRole.Device)]
    [InlineData(TunnelRole.Node)]
    public void Receive_AnyBytes_NeverThrowsAndStaysBounded(TunnelRole role)
    {
        byte[][] samples =
        [
            .. TunnelCodec.Encode(TunnelSamples.Small), .. TunnelCodec.Encode(TunnelSamples.Largest), TunnelCodec.EncodeFarewell(Reason.Idle, "x"),
        ];
        for (var seed = 0; seed < 3_000; seed++)
        {
            var random = new Random(seed);
            var machine = new TunnelMachine(role, 1_370, 0);
            Secure(machine);
            for (var i = 0; i < 20; i++)
            {
                var bytes = Make(random, samples);
                var failure = Record.Exception(() => machine.Receive(bytes, i));
                Assert.True(failure is null, $"seed {seed}, input {Convert.ToHexString(bytes)}: {failure}");
                var effects = machine.TakeAll();
                Assert.True(effects.Count <= TunnelLimits.PartsMax + 2, $"seed {seed}: {effects.Count} effects");
                Assert.True(effects.All(e => e.Detail.Length <= FrameLimits.MaxDetailCharacters), $"seed {seed}");
            }
        }
    }

    // 40 % loss, reordering and duplication: both ends come up with the same values, or both are over within bounded time.
    [Fact]
    public void Pair_OverLossyLink_BothUpWithTheSameConfiguration()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var device = new TunnelMachine(TunnelRole.Device, random.Next(TunnelLimits.MtuBytesMin, TunnelLimits.MtuBytesMax + 1), 0);
            var node = new TunnelMachine(TunnelRole.Node, 1_370, 0);
            Secure(device);
            Secure(node);
            var air = new PriorityQueue<(TunnelMachine To, byte[] Bytes), long>();
            long now = 0;
            for (var step = 0; step < 500; step++)
            {
                Send(device, node);
                Send(node, device);
                var due = Math.Min(device.NextDeadline, node.NextDeadline);
                if (air.TryPeek(out var next, out var arrival) && arrival <= due)
                {
                    now = Math.Max(now, arrival);
                    air.Dequeue();
                    next.To.Receive(next.Bytes, now);
                }
                else if (due == long.MaxValue)
                {
                    break;
                }
                else
                {
                    now = due;
                    device.OnDeadline(now, default);
                    node.OnDeadline(now, default);
                }
            }

            if (device.State == TunnelState.Up)
            {
                Assert.True(node.State == TunnelState.Up, $"seed {seed}: the node is {node.State}");
                Assert.True(device.MtuBytes == node.MtuBytes, $"seed {seed}");
                Assert.True(device.Configuration!.Routes.SequenceEqual(node.Configuration!.Routes), $"seed {seed}");
            }
            else
            {
                Assert.True(device.State == TunnelState.Closed, $"seed {seed}: {device.State} at {now}");
            }

            void Send(TunnelMachine from, TunnelMachine to)
            {
                foreach (var effect in from.TakeAll().Where(e => e.Kind == TunnelEffectKind.Send))
                {
                    for (var copies = random.NextDouble() < 0.1 ? 2 : 1; copies > 0 && random.NextDouble() >= 0.4; copies--)
                    {
                        air.Enqueue((to, effect.Plaintext.ToArray()), now + random.Next(10, 400));
                    }
                }
            }
        }
    }

    private static void Secure(TunnelMachine machine)
    {
        if (machine.Role == TunnelRole.Device)
        {
            machine.SecuredAtDevice(0);
        }
        else
        {
            machine.SecuredAtNode(TunnelSamples.Small, 0);
        }
    }

    private static byte[] Make(Random random, byte[][] samples)
    {
        if (random.Next(3) == 0)
        {
            var bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            return bytes;
        }

        var sample = (byte[])samples[random.Next(samples.Length)].Clone();
        for (var flips = random.Next(4); flips > 0; flips--)
        {
            sample[random.Next(sample.Length)] = (byte)random.Next(256);
        }

        return random.Next(4) == 0 ? sample[..random.Next(sample.Length)] : sample;
    }
}
