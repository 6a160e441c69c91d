using OrleansUem.Protocol.Packets;
using Xunit;
using static OrleansUem.Tests.Protocol.Packets.PacketBuilder;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class DestinationPolicyTests
{
    private const string Device = "10.64.0.2";

    [Theory]
    [InlineData("10.1.0.0/16:tcp/80,443", "10.1.2.3", 443, true)]
    [InlineData("10.1.0.0/16:tcp/80,443", "10.1.2.3", 444, false)]
    [InlineData("10.1.0.0/16:tcp/80,443", "10.2.2.3", 443, false)]
    [InlineData("10.1.0.0/16:udp", "10.1.2.3", 443, false)]
    [InlineData("10.1.0.0/16:tcp/8000-8100", "10.1.2.3", 8100, true)]
    [InlineData("10.1.0.0/16:tcp/8000-8100", "10.1.2.3", 7999, false)]
    [InlineData("10.1.0.0/16:tcp/*", "10.1.2.3", 1, true)]
    [InlineData("10.0.0.0/8", "10.200.2.3", 22, true)]
    [InlineData("10.1.2.3", "10.1.2.3", 22, true)]
    [InlineData("10.1.0.0/16:6", "10.1.2.3", 22, true)]
    [InlineData("10.1.0.0/16:any", "10.1.2.3", 22, true)]
    public void Judge_TcpPacket_AsRuleSays(string rule, string destination, int port, bool isPermitted)
    {
        DestinationPolicy policy = DestinationPolicy.Parse(rule);
        Assert.Equal(
            isPermitted ? PolicyVerdict.Permitted : PolicyVerdict.Denied,
            policy.Judge(Parse(Tcp(Device, destination, (ushort)port))));
    }

    [Fact]
    public void Judge_SeveralRules_FirstMatchDecides()
    {
        DestinationPolicy policy = DestinationPolicy.Parse("10.9.0.1:tcp/22", "!10.9.0.0/16", "10.0.0.0/8");
        Assert.Equal(PolicyVerdict.Permitted, policy.Judge(Parse(Tcp(Device, "10.9.0.1", 22))));
        Assert.Equal(PolicyVerdict.Denied, policy.Judge(Parse(Tcp(Device, "10.9.0.1", 23))));
        Assert.Equal(PolicyVerdict.Denied, policy.Judge(Parse(Icmp(Device, "10.9.7.7", 8))));
        Assert.Equal(PolicyVerdict.Permitted, policy.Judge(Parse(Icmp(Device, "10.8.7.7", 8))));
        Assert.Equal(PolicyVerdict.Denied, policy.Judge(Parse(Icmp(Device, "11.8.7.7", 8))));
    }

    [Fact]
    public void Judge_NoRules_Denies() =>
        Assert.Equal(PolicyVerdict.Denied, DestinationPolicy.DenyAll.Judge(Parse(Udp(Device, "10.0.0.1", 53))));

    [Theory]
    [InlineData("10.1.0.0/16:tcp/80,443")]
    [InlineData("10.1.0.0/16:udp/8000-8100")]
    [InlineData("!10.1.0.0/16:icmp")]
    [InlineData("10.1.0.0/16:89")]
    [InlineData("0.0.0.0/0")]
    public void ToString_Rule_IsItsText(string text)
    {
        Assert.True(DestinationRule.TryParse(text, out DestinationRule? rule, out string? error), error);
        Assert.Equal(text, rule!.ToString());
    }

    [Theory]
    [InlineData("", "''")]
    [InlineData("10.1.0.1/16", "host bits")]
    [InlineData("10.1.0.0/16:", "''")]
    [InlineData("10.1.0.0/16:sctp", "'sctp'")]
    [InlineData("10.1.0.0/16:256", "'256'")]
    [InlineData("10.1.0.0/16:tcp/", "''")]
    [InlineData("10.1.0.0/16:tcp/0", "'0'")]
    [InlineData("10.1.0.0/16:tcp/80,", "''")]
    [InlineData("10.1.0.0/16:tcp/80,65536", "'65536'")]
    [InlineData("10.1.0.0/16:tcp/90-80", "'90-80'")]
    [InlineData("10.1.0.0/16:icmp/80", "'icmp' has no ports")]
    [InlineData("10.1.0.0/16:any/80", "'any' has no ports")]
    public void TryParse_BadRule_NamesRuleAndPart(string text, string expected)
    {
        Assert.False(DestinationPolicy.TryParse(["10.0.0.0/8", text], out _, out string? error));
        Assert.Contains($"rule '{text}'", error, StringComparison.Ordinal);
        Assert.Contains("(rule 2)", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_AnyText_NeverThrowsAndAcceptedRulesRoundTrip()
    {
        const int Seed = 4632;
        const string Alphabet = "0123456789012345.../::,,-!*tcpudpany \u00e9\0";
        Random random = new(Seed);
        int accepted = 0;
        for (int i = 0; i < 50_000; i++)
        {
            // Half of the texts are good rules with one character changed.
            char[] text = random.Next(2) == 0
                ? "!10.1.0.0/16:tcp/80,443-500".ToCharArray()
                : new char[random.Next(0, 24)];
            bool isMadeUp = text.Length == 0 || text[0] == 0;
            for (int c = 0; c < text.Length; c++)
            {
                text[c] = isMadeUp || random.Next(27) == 0 ? Alphabet[random.Next(Alphabet.Length)] : text[c];
            }

            bool isRule = DestinationRule.TryParse(new string(text), out DestinationRule? rule, out string? error);
            Assert.True(isRule == (error is null) && isRule == (rule is not null), $"seed {Seed} step {i}");
            if (isRule)
            {
                accepted++;
                Assert.True(DestinationRule.TryParse(rule!.ToString(), out DestinationRule? again, out error), error);
                Assert.True(rule.ToString() == again!.ToString(), $"seed {Seed} step {i}: {rule}");
            }
        }

        Assert.True(accepted > 1_000, $"only {accepted} texts were rules");
    }

    [Fact]
    public void TryParse_Limits_AreExact()
    {
        string ports = string.Join(',', Enumerable.Range(1, DestinationRule.PortRangesMax));
        Assert.True(DestinationRule.TryParse($"10.0.0.0/8:tcp/{ports}", out _, out _));
        Assert.False(DestinationRule.TryParse($"10.0.0.0/8:tcp/{ports},9999", out _, out string? error));
        Assert.Contains("64", error, StringComparison.Ordinal);
        string[] rules = [.. Enumerable.Repeat("10.0.0.0/8", DestinationPolicy.RulesMax)];
        Assert.True(DestinationPolicy.TryParse(rules, out _, out _));
        Assert.False(DestinationPolicy.TryParse([.. rules, "10.0.0.0/8"], out _, out error));
        Assert.Contains("1024", error, StringComparison.Ordinal);
    }

    [Fact]
    public void IsPermitted_LaterFragment_OnlyBehindPermittedFirst()
    {
        DestinationPolicy policy = DestinationPolicy.Parse("10.1.0.0/16:udp/53", "10.2.0.0/16");
        PermittedTraffic fragments = new();
        Assert.False(Permits(Later(1), 0), "a later fragment alone");
        Assert.False(Permits(First(2, 54), 0), "a first fragment to another port");
        Assert.False(Permits(Later(2), 0), "the rest of it");
        Assert.True(Permits(First(3, 53), 0), "a first fragment to the port");
        Assert.True(Permits(Later(3), 1), "the rest of it");
        Assert.False(Permits(Later(4), 1), "another datagram's rest");
        Assert.False(Permits(First(3, 54), 2), "the identification again, to another port");
        Assert.False(Permits(Later(3), 2), "its rest");
        Assert.True(Permits(First(5, 53), 10), "a slow datagram");
        Assert.True(Permits(Later(5), 9 + PermittedTraffic.LifetimeMilliseconds), "its rest in time");
        Assert.False(Permits(Later(5), 10 + PermittedTraffic.LifetimeMilliseconds), "its rest too late");
        Assert.True(
            Permits(Fragment(Device, "10.2.0.1", 17, 9, 1480, more: false, 100), 0), "a rule without ports needs no first");

        bool Permits(byte[] bytes, long now) => fragments.IsPermitted(policy, Parse(bytes), now);
        static byte[] First(ushort id, ushort port) => Fragment(Device, "10.1.0.1", 17, id, 0, more: true, 1480, port);
        static byte[] Later(ushort id) => Fragment(Device, "10.1.0.1", 17, id, 1480, more: false, 100);
    }

    [Fact]
    public void IsPermitted_FlowThatWasPermitted_IsNoPassForAnother()
    {
        PermittedTraffic traffic = new();
        DestinationPolicy policy = DestinationPolicy.Parse("10.1.0.1:tcp/443");
        Assert.True(traffic.IsPermitted(policy, Parse(Tcp(Device, "10.1.0.1", 443)), 0));
        Assert.True(traffic.IsPermitted(policy, Parse(Tcp(Device, "10.1.0.1", 443)), 0));
        Assert.False(traffic.IsPermitted(policy, Parse(Tcp(Device, "10.1.0.1", 22)), 0));
        Assert.False(traffic.IsPermitted(policy, Parse(Tcp(Device, "10.1.0.2", 443)), 0));
        Assert.False(traffic.IsPermitted(policy, Parse(Udp(Device, "10.1.0.1", 443)), 0));
        Assert.True(traffic.IsPermitted(policy, Parse(Tcp(Device, "10.1.0.1", 443)), 0));
        Assert.False(traffic.IsPermitted(DestinationPolicy.DenyAll, Parse(Tcp(Device, "10.1.0.1", 443)), 0));
    }

    [Fact]
    public void IsPermitted_ManyDatagrams_ForgetsTheOldest()
    {
        DestinationPolicy policy = DestinationPolicy.Parse("10.1.0.0/16:udp/53");
        PermittedTraffic fragments = new();
        for (int id = 0; id <= PermittedTraffic.DatagramsMax; id++)
        {
            Assert.True(fragments.IsPermitted(policy, Parse(Fragment(Device, "10.1.0.1", 17, (ushort)id, 0, true, 1480, 53)), 0));
        }

        Assert.Equal(PermittedTraffic.DatagramsMax, fragments.Count);
        Assert.False(fragments.IsPermitted(policy, Parse(Fragment(Device, "10.1.0.1", 17, 0, 1480, false, 8)), 0));
        Assert.True(fragments.IsPermitted(policy, Parse(Fragment(Device, "10.1.0.1", 17, 1, 1480, false, 8)), 0));
    }

    private static Ipv4Packet Parse(byte[] bytes)
    {
        Assert.True(Ipv4Packet.TryParse(bytes, out Ipv4Packet packet, out Ipv4ParseError error), error.ToString());
        return packet;
    }
}
