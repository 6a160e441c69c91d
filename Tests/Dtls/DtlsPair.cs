using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>A client and a server session over a <see cref="SimulatedLink"/> on virtual time.</summary>
internal sealed class DtlsPair : IDisposable
{
    /// <summary>Bound of the simulation's steps: a pair that needs more hangs.</summary>
    private const int MaxSteps = 20_000;

    private readonly byte[] _buffer = new byte[20_000];
    private readonly DtlsContext _clientContext;
    private readonly DtlsContext _serverContext;

    public DtlsPair(SimulatedLink? link = null, DtlsContextOptions? client = null, DtlsContextOptions? server = null)
    {
        Link = link ?? new SimulatedLink(seed: 1);
        _clientContext = DtlsContext.Create(client ?? ClientOptions());
        _serverContext = DtlsContext.Create(server ?? ServerOptions());
        Client = _clientContext.CreateSession(new Port(Link, toServer: true));
        Server = _serverContext.CreateSession(new Port(Link, toServer: false));
    }

    public static DtlsPeerVerifier AcceptAny { get; } = (_, _) => DtlsVerdict.Accepted;

    public SimulatedLink Link { get; }

    public DtlsSession Client { get; }

    public DtlsSession Server { get; }

    public List<byte[]> ClientReceived { get; } = [];

    public List<byte[]> ServerReceived { get; } = [];

    public static DtlsContextOptions ClientOptions(DtlsPeerVerifier? verifier = null, int maxDatagramBytes = 1_400) => new()
    {
        Role = DtlsRole.Client,
        Certificate = DtlsCertificates.Device,
        PeerVerifier = verifier ?? AcceptAny,
        MaxDatagramBytes = maxDatagramBytes,
    };

    public static DtlsContextOptions ServerOptions(DtlsPeerVerifier? verifier = null, int maxDatagramBytes = 1_400) => new()
    {
        Role = DtlsRole.Server,
        Certificate = DtlsCertificates.Node,
        PeerVerifier = verifier ?? AcceptAny,
        MaxDatagramBytes = maxDatagramBytes,
    };

    public static DtlsPair Established(SimulatedLink? link = null)
    {
        var pair = new DtlsPair(link);
        pair.Handshake();
        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal(DtlsState.Established, pair.Server.State);
        return pair;
    }

    /// <summary>Starts both ends and runs until nothing is in the air and no timer runs.</summary>
    public void Handshake()
    {
        Server.Start(Link.Now);
        Client.Start(Link.Now);
        Run();
    }

    /// <summary>Runs until nothing is in the air and no timer runs, or both ends have left the handshake and the link
    /// is empty.</summary>
    public void Run()
    {
        for (var step = 0; step < MaxSteps; step++)
        {
            var timer = Earliest(Client.NextTimeout, Server.NextTimeout);
            if (Link.NextArrival is { } arrival && (timer is null || arrival <= timer))
            {
                var (datagram, toServer) = Link.Take();
                Deliver(datagram, toServer);
            }
            else if (timer is { } due)
            {
                Link.AdvanceTo(due);
                Client.HandleTimeout(Link.Now);
                Server.HandleTimeout(Link.Now);
            }
            else
            {
                return;
            }
        }

        Assert.Fail($"no rest after {MaxSteps} steps, seed {Link.Seed}: client {Client.State}, server {Server.State}");
    }

    public void Deliver(ReadOnlySpan<byte> datagram, bool toServer)
    {
        var session = toServer ? Server : Client;
        var result = session.Receive(datagram, _buffer, Link.Now);
        while (true)
        {
            if (result.Status == DtlsReadStatus.ApplicationData)
            {
                (toServer ? ServerReceived : ClientReceived).Add(_buffer[..result.PlaintextBytes]);
            }

            if (!result.HasMore)
            {
                return;
            }

            result = session.ReceiveNext(_buffer);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _clientContext.Dispose();
        _serverContext.Dispose();
    }

    private static TimeSpan? Earliest(TimeSpan? first, TimeSpan? second) =>
        first is null ? second : second is null || first < second ? first : second;

    private sealed class Port(SimulatedLink link, bool toServer) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => link.Send(datagram, toServer);
    }
}
