using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Micro;

/// <summary>DTLS handshakes of one process on one thread: client and server in turn. Records are in <see cref="RecordBenchmarks"/>.</summary>
public static class DtlsBenchmarks
{
    private const int Handshakes = 500;

    /// <summary>Prints one line per figure, as measured.</summary>
    public static Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        using var client = DtlsBenchPair.CreateContext(DtlsRole.Client);
        using var server = DtlsBenchPair.CreateContext(DtlsRole.Server);
        for (var i = 0; i < 20; i++)
        {
            using var warm = new DtlsBenchPair(client, server);
            warm.Handshake();
        }

        var cpuBefore = Environment.CpuUsage.TotalTime;
        var start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Handshakes; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var pair = new DtlsBenchPair(client, server);
            pair.Handshake();
        }

        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        output.WriteLine($"dtls handshake, mutual P-256: {Handshakes / elapsed.TotalSeconds:F0} pairs/s, {elapsed.TotalMicroseconds / Handshakes:F0} us for both ends, CPU {cpu.TotalMicroseconds / Handshakes:F0} us");
        return Task.CompletedTask;
    }
}
