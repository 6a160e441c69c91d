using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Silo;

/// <summary>A whole silo in the test process: real sockets on loopback, real grains, real SQLite in a directory of its own.</summary>
public sealed class SiloUnderTest : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Task _run;
    private bool _keepsDirectory;

    private SiloUnderTest(string directory, SiloReady ready, Task run, CancellationTokenSource stop, TimeProvider time)
    {
        Directory = directory;
        Ready = ready;
        Time = time;
        _run = run;
        _stop = stop;
        _stop = stop;
        Admin = new AdminConnection(ready.AdminSocketPath);
    }

    public string Directory { get; }

    public SiloReady Ready { get; }

    public TimeProvider Time { get; }

    public AdminConnection Admin { get; }

    public static string NewDirectory() => Path.Combine(System.IO.Directory.CreateTempSubdirectory("uem-silo-").FullName, "s");

    public static async Task<SiloUnderTest> StartAsync(TimeProvider? time = null, string? directory = null, string? databaseFile = null, bool keepsDirectory = false)
    {
        time ??= new ManualTimeProvider();
        if (directory is null)
        {
            directory = NewDirectory();
            SiloInit.Create(directory, "silo-1", time);
        }

        var ready = new TaskCompletionSource<SiloReady>(TaskCreationOptions.RunContinuationsAsynchronously);
        var stop = new CancellationTokenSource();
        var run = Task.Run(() => SiloHost.RunAsync(
            new SiloOptions { StateDirectory = directory, Listen = new(System.Net.IPAddress.Loopback, 0), DatabaseFile = databaseFile },
            NullLoggerFactory.Instance,
            time,
            ready.SetResult,
            stop.Token));
        var first = await Task.WhenAny(ready.Task, run).WithinAsync("the silo is ready");
        await first;
        return new SiloUnderTest(directory, await ready.Task, run, stop, time) { _keepsDirectory = keepsDirectory };
    }

    public async Task<EnrolmentUri> InviteAsync(int? lifetimeMinutes = null)
    {
        var text = await Admin.InviteAsync(new InvitationRequest("127.0.0.1", 3101, "test", lifetimeMinutes));
        Assert.True(EnrolmentUri.TryParse(text.Uri, out var uri, out var error), error);
        return uri;
    }

    public async Task<EnrolmentUri> EdgeTokenAsync(string edge, int? lifetimeMinutes = null)
    {
        var text = await Admin.CreateEdgeTokenAsync(new EdgeTokenRequest(edge, "127.0.0.1", Ready.ControlEndPoint.Port, lifetimeMinutes));
        Assert.True(EnrolmentUri.TryParse(text.Uri, out var uri, out var error), error);
        return uri;
    }

    /// <summary>Joins with a token: first contact with the root's fingerprint only, as an edge does.</summary>
    public async Task<(Joined Answer, PeerCredentials? Credentials)> JoinAsync(
        EnrolmentUri token, string edge, ECDsa key, byte[]? secret = null, byte[]? csr = null)
    {
        var tls = await DialAsync(Alpn.Join, null, null);
        csr ??= SigningRequest.Create(key);
        var mac = EnrolmentMacs.JoinRequest(secret ?? token.Secret.Span, Ready.Installation, token.Id, new EdgeId(edge), csr);
        var frames = new RecordingFrames();
        using var connection = new FrameConnection(tls.Stream, new FrameConnectionOptions { SendsPings = true }, Time, NullLogger.Instance);
        var run = connection.RunAsync(frames, CancellationToken.None);
        var hello = Hello.Parser.ParseFrom((await frames.NextAsync("HELLO")).Payload);
        Assert.Equal(Reason.None, ServerCertificates.VerifyHello(
            tls.PeerCertificate!, hello, token.Installation, PeerRole.Silo, Time.GetUtcNow(), out var root));
        connection.TrySend(FrameType.Join, Channel.Session, new Join
        {
            TokenId = token.Id,
            EdgeId = edge,
            Csr = Google.Protobuf.ByteString.CopyFrom(csr),
            Mac = Google.Protobuf.ByteString.CopyFrom(mac),
        });
        var frame = await frames.NextAsync("JOINED");
        Assert.Equal(FrameType.Joined, frame.Type);
        var joined = Joined.Parser.ParseFrom(frame.Payload);
        connection.Close(Reason.None);
        await run.WithinAsync("the join connection ends");
        if (joined.Reason != 0)
        {
            return (joined, null);
        }

        Assert.True(EnrolmentSecret.Matches(EnrolmentMacs.JoinAnswer(token.Secret.Span, mac, joined.Certificate.Span), joined.Mac.Span));
        Assert.Equal(Reason.None, CertificateProfile.TryLoad(joined.Certificate.Span, out var certificate));
        return (joined, PeerCredentials.Create(certificate!, key, root!));
    }

    /// <summary>An edge that joined and has a link.</summary>
    public async Task<EdgeDouble> LinkAsync(string edge = "edge-1", ulong lastCut = 0)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (answer, credentials) = await JoinAsync(await EdgeTokenAsync(edge), edge, key);
        Assert.Equal(Reason.None, (Reason)answer.Reason);
        return await EdgeDouble.LinkAsync(this, credentials!, lastCut);
    }

    public Task<TlsConnection> DialAsync(
        string alpn, PeerCredentials? own, System.Security.Cryptography.X509Certificates.X509Certificate2? root) => TlsDialer.DialAsync(
        new TlsDialOptions
        {
            Host = "127.0.0.1",
            Port = Ready.ControlEndPoint.Port,
            Alpn = alpn,
            ServerRole = PeerRole.Silo,
            Own = own,
            InstallationRoot = root,
        },
        Time,
        CancellationToken.None);

    /// <summary>Completes when the lists show what the grains have told.</summary>
    public Task WrittenAsync()
    {
        return ReadAsync().WithinAsync("the inventory is written");

        async Task ReadAsync()
        {
            while ((await Admin.GetStatusAsync()).InventoryWaiting > 0)
            {
            }
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run.WithinAsync("the silo stops");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Admin.Dispose();
        _stop.Dispose();
        if (!_keepsDirectory && System.IO.Directory.Exists(Directory))
        {
            System.IO.Directory.Delete(Path.GetDirectoryName(Directory)!, recursive: true);
        }
    }
}
