using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Micro;

/// <summary>DTLS records, handshakes and memory of one process on one thread. Client and server run in turn in the same
/// thread.</summary>
public static class DtlsBenchmarks
{
    private const int Records = 200_000;
    private const int Handshakes = 500;
    private const int IdleSessions = 1_000;

    /// <summary>Prints one line per figure, as measured.</summary>
    public static Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        using var deviceCertificate = MakeCertificate("CN=device");
        using var nodeCertificate = MakeCertificate("CN=node");
        using var client = DtlsContext.Create(Options(DtlsRole.Client, deviceCertificate));
        using var server = DtlsContext.Create(Options(DtlsRole.Server, nodeCertificate));

        foreach (var bytes in (int[])[200, 1_363])
        {
            MeasureRecords(output, client, server, bytes, cancellationToken);
        }

        MeasureHandshakes(output, client, server, cancellationToken);
        // Both sets stay alive to the end: freed memory that is used again would not show.
        var sessions = new List<DtlsSession>(2 * IdleSessions);
        MeasureIdleSessions(output, client, server, sessions, releaseBuffers: true, cancellationToken);
        MeasureIdleSessions(output, client, server, sessions, releaseBuffers: false, cancellationToken);
        foreach (var session in sessions)
        {
            session.Dispose();
        }

        return Task.CompletedTask;
    }

    private static void MeasureRecords(TextWriter output, DtlsContext client, DtlsContext server, int bytes, CancellationToken cancellationToken)
    {
        const int Batch = 64;
        using var pair = new Pair(client, server);
        pair.Handshake();
        var plaintext = new byte[bytes];
        var received = new byte[2_000];
        long writeTicks = 0;
        long readTicks = 0;
        long allocated = 0;
        var cpuBefore = TimeSpan.Zero;

        // The first tenth warms up the JIT and is not counted.
        for (var done = -Records / 10; done < Records; done += Batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            cpuBefore = done < 0 ? Environment.CpuUsage.TotalTime : cpuBefore;
            var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                Require(pair.Client.Write(plaintext) == DtlsWriteResult.Sent);
            }

            var middle = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                Require(pair.Server.Receive(pair.ToServer[i], received, TimeSpan.Zero).PlaintextBytes == bytes);
            }

            var end = TimeProvider.System.GetTimestamp();
            pair.ToServer.Clear();
            if (done >= 0)
            {
                writeTicks += middle - start;
                readTicks += end - middle;
                allocated += GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
            }
        }

        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        output.WriteLine($"dtls record {bytes} B: write {Nanoseconds(writeTicks, Records):F0} ns, read {Nanoseconds(readTicks, Records):F0} ns, "
            + $"CPU {cpu.TotalNanoseconds / Records:F0} ns a pair, "
            + $"{allocated / (double)Records:F2} B allocated per pair, suite {pair.Client.CipherSuite}");
    }

    private static void MeasureHandshakes(TextWriter output, DtlsContext client, DtlsContext server, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 20; i++)
        {
            using var warm = new Pair(client, server);
            warm.Handshake();
        }

        var cpuBefore = Environment.CpuUsage.TotalTime;
        var start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Handshakes; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var pair = new Pair(client, server);
            pair.Handshake();
        }

        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        output.WriteLine($"dtls handshake, mutual P-256: {Handshakes / elapsed.TotalSeconds:F0} pairs/s, {elapsed.TotalMicroseconds / Handshakes:F0} us for both ends, CPU {cpu.TotalMicroseconds / Handshakes:F0} us");
    }

    private static void MeasureIdleSessions(
        TextWriter output, DtlsContext client, DtlsContext server, List<DtlsSession> sessions, bool releaseBuffers, CancellationToken cancellationToken)
    {
        var managedBefore = GC.GetTotalMemory(forceFullCollection: true);
        var residentBefore = ResidentBytes();
        for (var i = 0; i < IdleSessions; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pair = new Pair(client, server);
            pair.Handshake();
            pair.Client.Dispose();
            if (releaseBuffers)
            {
                Require(pair.Server.TryReleaseBuffers());
            }

            sessions.Add(pair.Server);
            pair.ToServer.Release();
            pair.ToClient.Release();
        }

        var managed = (GC.GetTotalMemory(forceFullCollection: true) - managedBefore) / (double)IdleSessions;
        var resident = (ResidentBytes() - residentBefore) / (double)IdleSessions;
        output.WriteLine($"dtls idle server session, buffers {(releaseBuffers ? "released" : "kept")}: "
            + $"{resident:F0} B resident in all, of it {managed:F0} B managed ({IdleSessions} sessions)");
    }

    private static DtlsContextOptions Options(DtlsRole role, X509Certificate2 certificate) => new()
    {
        Role = role,
        Certificate = certificate,
        PeerVerifier = (_, _) => DtlsVerdict.Accepted,
    };

    private static X509Certificate2 MakeCertificate(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>VmRSS of this process, from the second field of statm in pages of 4 KB.</summary>
    private static long ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * 4096;

    private static double Nanoseconds(long ticks, int count) => ticks * 1e9 / TimeProvider.System.TimestampFrequency / count;

    private static void Require(bool isTrue)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException("A record or handshake of the benchmark failed.");
        }
    }

    private sealed class Pair : IDisposable
    {
        private readonly byte[] _plaintext = new byte[2_000];

        public Pair(DtlsContext client, DtlsContext server)
        {
            Client = client.CreateSession(ToServer);
            Server = server.CreateSession(ToClient);
        }

        public DtlsSession Client { get; }

        public DtlsSession Server { get; }

        public Queue ToServer { get; } = new();

        public Queue ToClient { get; } = new();

        public void Handshake()
        {
            Client.Start(TimeSpan.Zero);
            while (Client.State == DtlsState.Handshaking)
            {
                Feed(Server, ToServer);
                Feed(Client, ToClient);
            }

            Require(Client.State == DtlsState.Established && Server.State == DtlsState.Established);
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }

        private void Feed(DtlsSession session, Queue queue)
        {
            for (var i = 0; i < queue.Count; i++)
            {
                session.Receive(queue[i], _plaintext, TimeSpan.Zero);
            }

            queue.Clear();
        }
    }

    /// <summary>Datagrams end to end in one array, so that taking them costs a copy and nothing else.</summary>
    private sealed class Queue : IDtlsOutput
    {
        private readonly List<int> _ends = new(64);
        private byte[] _bytes = new byte[4_096];

        public int Count => _ends.Count;

        public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan((index == 0 ? 0 : _ends[index - 1]).._ends[index]);

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var start = _ends.Count == 0 ? 0 : _ends[^1];
            if (start + datagram.Length > _bytes.Length)
            {
                Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, start + datagram.Length));
            }

            datagram.CopyTo(_bytes.AsSpan(start));
            _ends.Add(start + datagram.Length);
        }

        public void Clear() => _ends.Clear();

        public void Release() => _bytes = [];
    }
}
