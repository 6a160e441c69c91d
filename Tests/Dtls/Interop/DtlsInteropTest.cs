using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>Our end of an association with somebody else's DTLS, over loopback UDP and in real time: that is the other end's clock.</summary>
public abstract class DtlsInteropTest : IDisposable
{
    protected static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("dtls-interop-").FullName;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _datagram = new byte[20_000];
    private readonly byte[] _plaintext = new byte[20_000];
    private readonly long _origin = TimeProvider.System.GetTimestamp();
    private string _phase = "start";

    protected CancellationTokenSource Safety { get; } = new(SafetyTimeout);

    /// <summary>What the datagrams pass; a failure tells what it did to them.</summary>
    private protected FaultyRelay? Relay { get; set; }

    protected TimeSpan Now => TimeProvider.System.GetElapsedTime(_origin);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _socket.Dispose();
            Safety.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Opens the socket of a server.</summary>
    protected IPEndPoint Bind()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)_socket.LocalEndPoint!;
    }

    /// <summary>Starts a client session towards an address.</summary>
    protected DtlsSession Connect(DtlsContext context, IPEndPoint server)
    {
        _socket.Connect(server);
        var session = context.CreateSession(new SocketOutput(_socket));
        session.Start(Now);
        return session;
    }

    /// <summary>Waits for whoever speaks first, whose session it is from then on.</summary>
    protected async Task<DtlsSession> Accept(DtlsContext context)
    {
        _phase = "accept";
        var received = await ReceiveFrom();
        await _socket.ConnectAsync(received.Peer, Safety.Token);
        var session = context.CreateSession(new SocketOutput(_socket));
        session.Start(Now);
        session.Receive(_datagram.AsSpan(0, received.Bytes), _plaintext, Now);
        return session;
    }

    private async Task<(int Bytes, IPEndPoint Peer)> ReceiveFrom()
    {
        try
        {
            var result = await _socket.ReceiveFromAsync(_datagram, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), Safety.Token);
            return (result.ReceivedBytes, (IPEndPoint)result.RemoteEndPoint);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no datagram in phase '{_phase}' within {SafetyTimeout}");
        }
    }

    /// <summary>Feeds datagrams and timeouts until the condition holds.</summary>
    /// <param name="session">Ours.</param>
    /// <param name="phase">For the failure.</param>
    /// <param name="isDone">Asked after each datagram and timeout.</param>
    /// <param name="onText">Gets what arrives.</param>
    /// <param name="wake">Its end makes it ask once more.</param>
    protected async Task Pump(DtlsSession session, string phase, Func<bool> isDone, Action<string>? onText = null, Task? wake = null)
    {
        _phase = phase;
        while (!isDone())
        {
            Assert.True(session.State != DtlsState.Failed, $"phase '{phase}': {session.Failure}, {session.FailureDetail}; the other end: {wake?.Exception}\n{Relay?.Trace}");
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(Safety.Token);
            CancelAt(wake, timer);
            if (session.NextTimeout is { } due)
            {
                timer.CancelAfter(due > Now ? due - Now : TimeSpan.Zero);
            }

            try
            {
                var bytes = await _socket.ReceiveAsync(_datagram, SocketFlags.None, timer.Token);
                var result = session.Receive(_datagram.AsSpan(0, bytes), _plaintext, Now);
                while (result.Status == DtlsReadStatus.ApplicationData || result.HasMore)
                {
                    onText?.Invoke(Encoding.ASCII.GetString(_plaintext, 0, result.PlaintextBytes));
                    result = session.ReceiveNext(_plaintext);
                }
            }
            catch (OperationCanceledException) when (!Safety.IsCancellationRequested)
            {
                session.HandleTimeout(Now);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"phase '{phase}': {session.State} {session.FailureDetail} within {SafetyTimeout}\n{Relay?.Trace}");
            }
        }
    }

    // A wake that comes after the receive finds the source disposed.
    private static void CancelAt(Task? wake, CancellationTokenSource timer) => wake?.ContinueWith(
        static (_, state) =>
        {
            try
            {
                ((CancellationTokenSource)state!).Cancel();
            }
            catch (ObjectDisposedException)
            {
                // Expected: the next round has one of its own.
            }
        },
        timer,
        CancellationToken.None,
        TaskContinuationOptions.None,
        TaskScheduler.Default);

    protected void SendSealed(RecordSealer sealer, ReadOnlySpan<byte> plaintext) =>
        _socket.Send(_plaintext.AsSpan(0, sealer.Seal(plaintext, _plaintext)));

    /// <summary>Says close_notify.</summary>
    protected void SendClose(RecordSealer sealer) => _socket.Send(_plaintext.AsSpan(0, sealer.SealAlert(0, _plaintext)));

    /// <summary>Opens records until the condition holds.</summary>
    /// <param name="opener">Of the session.</param>
    /// <param name="phase">For the failure.</param>
    /// <param name="isDone">Gets each record's outcome and data.</param>
    protected async Task OpenUntil(RecordOpener opener, string phase, Func<RecordOutcome, byte[], bool> isDone)
    {
        _phase = phase;
        while (true)
        {
            int bytes;
            try
            {
                bytes = await _socket.ReceiveAsync(_datagram, SocketFlags.None, Safety.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"phase '{phase}': {opener.Opened} opened, {opener.Rejections} within {SafetyTimeout}\n{Relay?.Trace}");
            }

            if (TakeAll(opener, bytes, isDone))
            {
                return;
            }
        }
    }

    private bool TakeAll(RecordOpener opener, int bytes, Func<RecordOutcome, byte[], bool> isDone)
    {
        ReadOnlySpan<byte> datagram = _datagram.AsSpan(0, bytes);
        var done = false;
        while (DtlsRecord.TryTake(ref datagram, out var record))
        {
            var outcome = opener.Open(record.Bytes, _plaintext, out var plaintext);
            done |= isDone(outcome, plaintext.ToArray());
        }

        return done;
    }

    /// <summary>Opens what comes until the text was in it.</summary>
    protected async Task OpenUntil(RecordOpener opener, string text)
    {
        var received = "";
        await OpenUntil(opener, $"data '{text}'", (outcome, data) =>
        {
            Assert.True(outcome is RecordOutcome.Data or RecordOutcome.Handshake, $"{outcome}");
            received += Encoding.ASCII.GetString(data);
            return received.Contains(text, StringComparison.Ordinal);
        });
    }

    /// <summary>Takes the session's records over: a line of each end, and our close.</summary>
    /// <param name="session">Established.</param>
    /// <param name="peer">A program that sends the lines of its input and prints what it receives.</param>
    /// <param name="endLine">What it prints at our close.</param>
    protected async Task TakeOverAndClose(DtlsSession session, Process peer, string endLine)
    {
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();
        await peer.StandardInput.WriteLineAsync("from the program");
        await OpenUntil(opener, "from the program");
        SendSealed(sealer, "from the sealer\n"u8);
        await WaitForLine(peer, "from the sealer");
        SendClose(sealer);
        await WaitForLine(peer, endLine);
        await Stop(peer);
    }

    protected Process StartProgram(string program, string arguments)
    {
        var start = new ProcessStartInfo(CommandPath.Find(program)!, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    protected async Task WaitForLine(Process process, string text)
    {
        _phase = $"line '{text}'";
        var seen = new StringBuilder();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(Safety.Token) is { } line)
            {
                seen.AppendLine(line);
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what was seen.
        }

        Assert.Fail($"the program did not print '{text}' within {SafetyTimeout}; seen: {seen}");
    }

    protected async Task<string?> NextLine(Process process) => await process.StandardOutput.ReadLineAsync(Safety.Token);

    protected async Task Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(Safety.Token);
    }

    protected void WritePem(string name, X509Certificate2 certificate)
    {
        File.WriteAllText(Path.Combine(_folder, name + ".cert"), certificate.ExportCertificatePem());
        using var key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
        File.WriteAllText(Path.Combine(_folder, name + ".key"), key!.ExportPkcs8PrivateKeyPem());
    }

    protected static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private sealed class SocketOutput(Socket socket) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => socket.Send(datagram);
    }
}
