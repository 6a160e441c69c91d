using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>An impostor's end: DTLS with any certificate in any role, which checks nothing.</summary>
internal sealed class RawDtlsEnd : IDtlsOutput, IDisposable
{
    private readonly DtlsContext _context;
    private readonly byte[] _plaintext = new byte[2_000];

    public RawDtlsEnd(PeerCredentials credentials, DtlsRole role)
    {
        _context = DtlsContext.Create(new DtlsContextOptions { Role = role, Certificate = credentials.Certificate });
        Session = _context.CreateSession(this, (_, _) => DtlsVerdict.Accepted);
    }

    public DtlsSession Session { get; }

    public Queue<byte[]> Outbox { get; } = new();

    public void Send(ReadOnlySpan<byte> datagram) => Outbox.Enqueue(datagram.ToArray());

    public void Receive(byte[] datagram) => Session.Receive(datagram, _plaintext, TimeSpan.Zero);

    public void Dispose()
    {
        Session.Dispose();
        _context.Dispose();
    }
}
