using System.Globalization;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;

namespace OrleansUem.LoadTest.Micro;

/// <summary>
/// Records through libssl (SSL_write, SSL_read) and through <see cref="RecordSealer"/> and <see cref="RecordOpener"/>, in turn in one run on one thread, and what an idle session of each kind holds.
/// </summary>
public static class RecordBenchmarks
{
    private const int Rounds = 15;
    private const int BatchesPerRound = 200;
    private const int Batch = 64;
    private const int IdleSessions = 5_000;

    /// <summary>Prints one line per figure: medians over the rounds, in which the kinds take turns.</summary>
    public static Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var isAes256 in (bool[])[false, true])
        {
            using var client = DtlsBenchPair.CreateContext(DtlsRole.Client, isAes256);
            using var server = DtlsBenchPair.CreateContext(DtlsRole.Server, isAes256);
            foreach (var bytes in (int[])[200, 1_400])
            {
                MeasureRecords(output, client, server, bytes, cancellationToken);
            }
        }

        MeasureIdleSessions(output, cancellationToken);
        return Task.CompletedTask;
    }

    private static void MeasureRecords(TextWriter output, DtlsContext client, DtlsContext server, int bytes, CancellationToken cancellationToken)
    {
        using var libssl = new DtlsBenchPair(client, server);
        using var taken = new DtlsBenchPair(client, server);
        libssl.Handshake();
        taken.Handshake();
        var suite = taken.Client.CipherSuite;
        using var idle = taken.Client.TakeOpener();
        using var sealer = taken.Client.TakeSealer();
        using var opener = taken.Server.TakeOpener();
        var plaintext = new byte[bytes];
        var times = new List<(double Write, double Read, double Seal, double Open)>();
        long allocated = 0;

        // The first rounds warm up the JIT and are not counted.
        for (var round = -3; round < Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (write, read) = RunLibssl(libssl, plaintext);
            var (seal, open) = RunTaken(taken.ToServer, sealer, opener, plaintext);
            if (round >= 0)
            {
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                times.Add((write, read, seal, open));
            }
        }

        var (writes, reads) = (Median(times.ConvertAll(time => time.Write)), Median(times.ConvertAll(time => time.Read)));
        var (seals, opens) = (Median(times.ConvertAll(time => time.Seal)), Median(times.ConvertAll(time => time.Open)));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"record {bytes} B, {suite}: libssl write {writes:F0} ns, read {reads:F0} ns; ours seal {seals:F0} ns, open {opens:F0} ns; pair {(seals + opens) / (writes + reads):F2} of libssl's; {allocated} B allocated"));
    }

    private static (double Write, double Read) RunLibssl(DtlsBenchPair pair, byte[] plaintext)
    {
        var received = new byte[2_000];
        long writeTicks = 0;
        long readTicks = 0;
        for (var batch = 0; batch < BatchesPerRound; batch++)
        {
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                DtlsBenchPair.Require(pair.Client.Write(plaintext) == DtlsWriteResult.Sent);
            }

            var middle = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                DtlsBenchPair.Require(pair.Server.Receive(pair.ToServer[i], received, TimeSpan.Zero).PlaintextBytes == plaintext.Length);
            }

            readTicks += TimeProvider.System.GetTimestamp() - middle;
            writeTicks += middle - start;
            pair.ToServer.Clear();
        }

        return (Nanoseconds(writeTicks), Nanoseconds(readTicks));
    }

    private static (double Seal, double Open) RunTaken(DatagramArray datagrams, RecordSealer sealer, RecordOpener opener, byte[] plaintext)
    {
        long sealTicks = 0;
        long openTicks = 0;
        for (var batch = 0; batch < BatchesPerRound; batch++)
        {
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                var record = datagrams.Begin(plaintext.Length + RecordSealer.OverheadBytes);
                DtlsBenchPair.Require(sealer.Seal(plaintext, record) == record.Length);
                datagrams.Commit(record.Length);
            }

            var middle = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                DtlsBenchPair.Require(opener.Open(datagrams[i], out var opened) == RecordOutcome.Data && opened.Length == plaintext.Length);
            }

            openTicks += TimeProvider.System.GetTimestamp() - middle;
            sealTicks += middle - start;
            datagrams.Clear();
        }

        return (Nanoseconds(sealTicks), Nanoseconds(openTicks));
    }

    private static void MeasureIdleSessions(TextWriter output, CancellationToken cancellationToken)
    {
        using var client = DtlsBenchPair.CreateContext(DtlsRole.Client);
        using var server = DtlsBenchPair.CreateContext(DtlsRole.Server);

        // All stay alive to the end: freed memory that is used again would not show. The first ones fill the heaps of libcrypto and the JIT.
        var held = new List<IDisposable>(3 * IdleSessions);
        HoldIdle(held, client, server, isTaken: true, 1_000, cancellationToken);
        foreach (var isTaken in (bool[])[true, false])
        {
            var managedBefore = GC.GetTotalMemory(forceFullCollection: true);
            var residentBefore = ResidentBytes();
            HoldIdle(held, client, server, isTaken, IdleSessions, cancellationToken);
            var managed = (GC.GetTotalMemory(forceFullCollection: true) - managedBefore) / (double)IdleSessions;
            var resident = (ResidentBytes() - residentBefore) / (double)IdleSessions;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"idle server session, {(isTaken ? "sealer and opener" : "libssl")}: {resident:F0} B resident, of it {managed:F0} B managed ({IdleSessions} sessions)"));
        }

        held.ForEach(one => one.Dispose());
    }

    private static void HoldIdle(List<IDisposable> held, DtlsContext client, DtlsContext server, bool isTaken, int count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pair = new DtlsBenchPair(client, server);
            pair.Handshake();
            pair.Client.Dispose();
            if (isTaken)
            {
                held.Add(pair.Server.TakeOpener());
                held.Add(pair.Server.TakeSealer());
            }
            else
            {
                held.Add(pair.Server);
                pair.ToServer.Release();
                pair.ToClient.Release();
            }
        }
    }

    /// <summary>VmRSS of this process, from the second field of statm in pages of 4 KB.</summary>
    private static long ResidentBytes()
    {
        // Aggressive: gives the managed heap's free pages back, so that only what is held counts.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * 4096;
    }

    private static double Nanoseconds(long ticks) => ticks * 1e9 / TimeProvider.System.TimestampFrequency / (BatchesPerRound * Batch);

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
