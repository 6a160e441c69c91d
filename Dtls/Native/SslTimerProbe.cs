namespace OrleansUem.Dtls.Native;

/// <summary>Finds out once per process which <see cref="SslTimerControl"/> the installed libssl allows.</summary>
internal static class SslTimerProbe
{
    /// <summary>Far beyond the hour that the timer callback answers, so that the two cannot be confused.</summary>
    public const long ProbeSeconds = 1_000_000;

    private static readonly Lazy<SslTimerControl> Detected = new(Detect);

    public static SslTimerControl Control => Detected.Value;

    private static SslTimerControl Detect()
    {
        // The field's address is stable for the life of the SSL in these versions; newer ones pass a temporary.
        if (LibCrypto.OPENSSL_version_major() != 3 || LibCrypto.OPENSSL_version_minor() > 1)
        {
            return SslTimerControl.Aligned;
        }

        using var context = DtlsContext.Create(new DtlsContextOptions { Role = DtlsRole.Client });
        using var engine = new SslEngine(context, new NoOutput(), (_, _) => default, timerControl: SslTimerControl.Probe);
        engine.Handshake([]);
        return engine.TimerRemaining() > TimeSpan.FromSeconds(ProbeSeconds / 2) ? SslTimerControl.Direct : SslTimerControl.Aligned;
    }

    private sealed class NoOutput : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram)
        {
            // The ClientHello of the probe goes nowhere.
        }
    }
}
