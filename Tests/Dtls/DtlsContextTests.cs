using OrleansUem.Dtls;
using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls;

public sealed class DtlsContextTests
{
    [Fact]
    public void Probe_LibraryMissing_NamesThePackage()
    {
        var problem = OpenSslLibrary.Probe(library => library != "libssl.so.3", () => 3);

        Assert.NotNull(problem);
        Assert.Contains("libssl.so.3 cannot be loaded", problem, StringComparison.Ordinal);
        Assert.Contains("libssl3", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_LibraryTooOld_NamesTheVersion()
    {
        var problem = OpenSslLibrary.Probe(_ => true, () => 1);

        Assert.NotNull(problem);
        Assert.Contains("reports version 1", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Probe_LibraryUsable_FindsNoProblem() => Assert.Null(OpenSslLibrary.Probe(_ => true, () => 3));

    [Theory]
    [InlineData(255)]
    [InlineData(16_422)]
    public void Create_DatagramLimitOutOfBounds_NamesOptionAndBound(int maxDatagramBytes)
    {
        var exception = Assert.Throws<ArgumentException>(() => DtlsContext.Create(DtlsPair.ClientOptions(maxDatagramBytes: maxDatagramBytes)));

        Assert.Contains($"MaxDatagramBytes is {maxDatagramBytes}; allowed: 256 to 16421", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_RsaCertificate_IsRefused() => AssertRefused(new DtlsContextOptions
    {
        Role = DtlsRole.Server,
        Certificate = DtlsCertificates.Rsa,
    }, "ECDSA key on P-256 or P-384");

    [Fact]
    public void Create_P521Certificate_IsRefused() => AssertRefused(new DtlsContextOptions
    {
        Role = DtlsRole.Client,
        Certificate = DtlsCertificates.Device521,
    }, "ECDSA key on P-256 or P-384");

    [Fact]
    public void Create_ServerWithoutCertificate_IsRefused() =>
        AssertRefused(new DtlsContextOptions { Role = DtlsRole.Server }, "required for a server");

    [Fact]
    public void Create_UnspecifiedRole_IsRefused() => AssertRefused(new DtlsContextOptions { Role = DtlsRole.Unspecified }, "Client or Server");

    [Fact]
    public void Create_TimerOptionsOutOfBounds_AreRefused()
    {
        AssertRefused(new DtlsContextOptions { Role = DtlsRole.Client, InitialRetransmission = TimeSpan.Zero }, "1 ms to 60 s");
        AssertRefused(new DtlsContextOptions { Role = DtlsRole.Client, RetransmissionMax = TimeSpan.FromMilliseconds(249) }, "to 60 s");
        AssertRefused(new DtlsContextOptions { Role = DtlsRole.Client, MaxRetransmissions = 12 }, "0 to 11");
    }

    [Fact]
    public void CreateSession_NoVerifierAnywhere_IsRefused()
    {
        using var context = DtlsContext.Create(new DtlsContextOptions { Role = DtlsRole.Client });

        Assert.Throws<ArgumentException>(() => context.CreateSession(new Discard()));
    }

    [Fact]
    public void Session_CalledFromItsOwnOutput_ThrowsToTheCaller()
    {
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        var output = new Reentrant();
        using var session = context.CreateSession(output);
        output.Session = session;

        Assert.Throws<InvalidOperationException>(() => session.Start(TimeSpan.Zero));
    }

    [Fact]
    public void Context_DisposedBeforeItsSessions_SessionsGoOn()
    {
        using var pair = new DtlsPair();
        var context = DtlsContext.Create(DtlsPair.ClientOptions());
        var session = context.CreateSession(new Discard());
        context.Dispose();

        session.Start(TimeSpan.Zero);

        Assert.Equal(DtlsState.Handshaking, session.State);
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Start(TimeSpan.Zero));
    }

    private static void AssertRefused(DtlsContextOptions options, string bound)
    {
        var exception = Assert.Throws<ArgumentException>(() => DtlsContext.Create(options));
        Assert.StartsWith("DtlsContextOptions.", exception.Message, StringComparison.Ordinal);
        Assert.Contains(bound, exception.Message, StringComparison.Ordinal);
    }

    private sealed class Discard : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram)
        {
            // Lost.
        }
    }

    private sealed class Reentrant : IDtlsOutput
    {
        public DtlsSession? Session { get; set; }

        public void Send(ReadOnlySpan<byte> datagram) => Session?.Receive(datagram, new byte[2_000], TimeSpan.Zero);
    }
}
