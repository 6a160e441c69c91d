using OrleansUem.Dtls;
using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>Handshakes over a link that loses, repeats, delays and reorders, on virtual time: hours of it pass in
/// milliseconds.</summary>
public sealed class DtlsLossyLinkTests
{
    /// <summary>libssl 3.2 and newer follow real time only; there the virtual clock of these tests cannot drive
    /// them.</summary>
    private static bool CanUseVirtualTime => SslTimerProbe.Control == SslTimerControl.Direct;

    public static TheoryData<double, double, int> Links() => new()
    {
        { 0.0, 0.0, 10 },
        { 0.0, 0.5, 200 },
        { 0.1, 0.1, 50 },
        { 0.2, 0.2, 100 },
        { 0.3, 0.1, 300 },
        { 0.4, 0.2, 50 },
    };

    [DirectTimerTheory]
    [MemberData(nameof(Links))]
    public void Handshake_LossyLink_EndsEstablishedOrInNamedFailure(double loss, double duplication, int maxDelayMs)
    {
        const int Seeds = 60;
        var established = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var pair = new DtlsPair(new SimulatedLink(seed, loss, duplication, minDelayMs: 5, maxDelayMs));

            pair.Handshake();

            var where = $"seed {seed}, loss {loss}: client {pair.Client.State} {pair.Client.FailureDetail}, server {pair.Server.State} {pair.Server.FailureDetail}";
            if (pair.Client.State == DtlsState.Established && pair.Server.State == DtlsState.Established)
            {
                established++;
                AssertDataFlows(pair, where);
            }
            else
            {
                // The last flight is acknowledged by data only: the server may be done when the client gives up.
                Assert.True(loss > 0, where);
                Assert.True(pair.Client.State == DtlsState.Established || pair.Client.Failure is DtlsFailure.Timeout, where);
                Assert.True(pair.Server.State == DtlsState.Established || pair.Server.Failure is DtlsFailure.Timeout, where);
            }
        }

        // 8 repetitions make a failure rare up to 40 % loss, where flights of several datagrams need luck.
        Assert.True(established >= (loss > 0.3 ? Seeds * 8 / 10 : Seeds * 95 / 100), $"{established} of {Seeds} at loss {loss}");
    }

    [DirectTimerFact]
    public void Handshake_SameSeed_SendsAtSameTimes()
    {
        Assert.Equal(Times(), Times());

        static List<(TimeSpan, int, bool)> Times()
        {
            using var pair = new DtlsPair(new SimulatedLink(seed: 77, loss: 0.3, duplication: 0.2, minDelayMs: 5, maxDelayMs: 100));
            pair.Handshake();
            return [.. pair.Link.Sent.Select(sent => (sent.Sent, sent.Datagram[0] == 22 ? 1 : 0, sent.ToServer))];
        }
    }

    [DirectTimerFact]
    public void HandleTimeout_NoAnswer_BacksOffAndFails()
    {
        var link = new SimulatedLink(seed: 1) { Lose = (_, _) => true };
        using var pair = new DtlsPair(link);
        var start = link.Now;

        pair.Handshake();

        int[] expectedMs = [0, 250, 750, 1_750, 3_750, 7_750, 11_750, 15_750, 19_750];
        Assert.Equal(expectedMs, link.Sent.Select(sent => (int)(sent.Sent - start).TotalMilliseconds));
        Assert.Equal((DtlsState.Failed, DtlsFailure.Timeout), (pair.Client.State, pair.Client.Failure));
        Assert.Equal("no answer to a flight sent 9 times", pair.Client.FailureDetail);
        Assert.Equal(TimeSpan.FromMilliseconds(23_750), link.Now - start);
        Assert.Equal(8, pair.Client.Retransmissions);
        Assert.Null(pair.Client.NextTimeout);
        Assert.Equal(DtlsState.Handshaking, pair.Server.State);
    }

    [DirectTimerFact]
    public void HandleTimeout_Early_SendsNothing()
    {
        using var pair = new DtlsPair();
        pair.Client.Start(pair.Link.Now);
        var due = Assert.NotNull(pair.Client.NextTimeout);

        pair.Client.HandleTimeout(due - TimeSpan.FromTicks(1));
        Assert.Single(pair.Link.Sent);

        pair.Client.HandleTimeout(due);
        Assert.Equal(2, pair.Link.Sent.Count);
    }

    [DirectTimerFact]
    public void HandleTimeout_NewFlight_StartsAtInitialInterval()
    {
        // The ClientHello is lost twice, then everything arrives: the server's flight has to wait 250 ms again.
        var clientHellos = 0;
        var link = new SimulatedLink(seed: 1) { Lose = (_, toServer) => toServer && ++clientHellos <= 2 };
        using var pair = new DtlsPair(link);

        pair.Server.Start(link.Now);
        pair.Client.Start(link.Now);
        while (pair.Server.NextTimeout is null)
        {
            if (link.NextArrival is not null)
            {
                var (datagram, toServer) = link.Take();
                pair.Deliver(datagram, toServer);
            }
            else
            {
                link.AdvanceTo(pair.Client.NextTimeout!.Value);
                pair.Client.HandleTimeout(link.Now);
            }
        }

        Assert.Equal(2, pair.Client.Retransmissions);
        Assert.Equal(TimeSpan.FromMilliseconds(250), pair.Server.NextTimeout - link.Now);
    }

    [DirectTimerFact]
    public void Handshake_LastFlightLost_ClientRetransmissionMakesServerRepeatIt()
    {
        // The server's last flight is the first one that it sends in its second epoch.
        var lost = 0;
        var link = new SimulatedLink(seed: 1) { Lose = (datagram, toServer) => !toServer && datagram[0] == 20 && ++lost == 1 };
        using var pair = new DtlsPair(link);

        pair.Handshake();

        Assert.True(lost >= 2, "the flight was not sent again");
        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal(DtlsState.Established, pair.Server.State);
        AssertDataFlows(pair, "after the lost flight");
    }

    [Fact]
    public void Probe_InstalledVersion_IsDirectOn30And31()
    {
        var isOld = LibCrypto.OPENSSL_version_major() == 3 && LibCrypto.OPENSSL_version_minor() <= 1;

        Assert.Equal(isOld, CanUseVirtualTime);
    }

    private static void AssertDataFlows(DtlsPair pair, string where)
    {
        // The link may lose data; a session that works delivers one of fifty.
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(DtlsWriteResult.Sent, pair.Client.Write([1, (byte)i]));
            Assert.Equal(DtlsWriteResult.Sent, pair.Server.Write([2, (byte)i]));
        }

        pair.Run();
        Assert.True(pair.ServerReceived.Count > 0 && pair.ClientReceived.Count > 0, where);
        Assert.All(pair.ServerReceived, plaintext => Assert.Equal(1, plaintext[0]));
        Assert.Equal(pair.ServerReceived.Count, pair.ServerReceived.Select(plaintext => plaintext[1]).Distinct().Count());
        Assert.Equal(pair.ClientReceived.Count, pair.ClientReceived.Select(plaintext => plaintext[1]).Distinct().Count());
    }
}
