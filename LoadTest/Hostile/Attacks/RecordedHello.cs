using System.Net.Security;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>A whole, right ClientHello, to be sent as often as one likes.</summary>
internal static class RecordedHello
{
    /// <summary>Lets a TLS client begin and keeps what it writes.</summary>
    public static byte[] Record(string alpn)
    {
        var recorder = new Recorder();
        using var tls = new SslStream(recorder);
        try
        {
            tls.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "edge", ApplicationProtocols = [new SslApplicationProtocol(alpn)] });
        }
        catch (IOException)
        {
            // Expected: nobody answers.
        }

        return recorder.Written.ToArray();
    }

    private sealed class Recorder : Stream
    {
        public MemoryStream Written { get; } = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
            // Nothing is held back.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new IOException("Nobody answers.");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

        protected override void Dispose(bool disposing)
        {
            Written.Dispose();
            base.Dispose(disposing);
        }
    }
}
