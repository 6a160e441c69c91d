using OrleansUem.Dtls;
using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>The timer control for OpenSSL 3.2 and newer, forced on whatever version is installed. It follows real time,
/// so these tests wait for real timers of a few milliseconds.</summary>
public sealed class DtlsAlignedTimerTests
{
    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(60);

    private readonly long _origin = TimeProvider.System.GetTimestamp();

    private TimeSpan Now => TimeProvider.System.GetElapsedTime(_origin);

    [Fact]
    public async Task HandleTimeout_NoAnswer_RetransmitsAndFails()
    {
        using var safety = new CancellationTokenSource(SafetyTimeout);
        using var context = DtlsContext.Create(Options(DtlsRole.Client));
        var output = new Counter();
        using var session = new DtlsSession(context, new SslEngine(context, output, DtlsPair.AcceptAny, timerControl: SslTimerControl.Aligned));

        session.Start(Now);
        while (session.NextTimeout is { } due)
        {
            await WaitUntil(due, safety.Token);
            session.HandleTimeout(Now);
        }

        Assert.Equal((DtlsState.Failed, DtlsFailure.Timeout), (session.State, session.Failure));
        Assert.Equal(4, output.Count);
        Assert.Equal(3, session.Retransmissions);
    }

    [Fact]
    public async Task HandleTimeout_FirstFlightLost_HandshakeCompletes()
    {
        using var safety = new CancellationTokenSource(SafetyTimeout);
        using var clientContext = DtlsContext.Create(Options(DtlsRole.Client));
        using var serverContext = DtlsContext.Create(Options(DtlsRole.Server));
        var toServer = new Counter();
        var toClient = new Counter();
        using var client = new DtlsSession(clientContext, new SslEngine(clientContext, toServer, DtlsPair.AcceptAny, timerControl: SslTimerControl.Aligned));
        using var server = new DtlsSession(serverContext, new SslEngine(serverContext, toClient, DtlsPair.AcceptAny, timerControl: SslTimerControl.Aligned));
        var buffer = new byte[4_000];

        client.Start(Now);
        toServer.Datagrams.Clear();
        while (client.State == DtlsState.Handshaking)
        {
            await WaitUntil(client.NextTimeout ?? Now, safety.Token);
            client.HandleTimeout(Now);
            while (toServer.Datagrams.Count + toClient.Datagrams.Count > 0)
            {
                while (toServer.Datagrams.TryDequeue(out var datagram))
                {
                    server.Receive(datagram, buffer, Now);
                }

                while (toClient.Datagrams.TryDequeue(out var datagram))
                {
                    client.Receive(datagram, buffer, Now);
                }
            }
        }

        Assert.Equal(DtlsState.Established, client.State);
        Assert.Equal(DtlsState.Established, server.State);
        Assert.True(client.Retransmissions >= 1);
    }

    private static DtlsContextOptions Options(DtlsRole role) => new()
    {
        Role = role,
        Certificate = DtlsCertificates.Device,
        InitialRetransmission = TimeSpan.FromMilliseconds(30),
        RetransmissionMax = TimeSpan.FromMilliseconds(60),
        MaxRetransmissions = 3,
    };

    private async Task WaitUntil(TimeSpan due, CancellationToken cancellationToken)
    {
        if (due > Now)
        {
            await Task.Delay(due - Now, TimeProvider.System, cancellationToken);
        }
    }

    private sealed class Counter : IDtlsOutput
    {
        public int Count { get; private set; }

        public Queue<byte[]> Datagrams { get; } = new();

        public void Send(ReadOnlySpan<byte> datagram)
        {
            Count++;
            Datagrams.Enqueue(datagram.ToArray());
        }
    }
}
