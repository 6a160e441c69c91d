using Google.Protobuf;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>A device put together by hand, with an honest first handshake, so that its renewals can be anything; against a real node's end.</summary>
internal sealed class RekeyingDevice : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly ManualTimeProvider _time = new(TestAuthority.Epoch);
    private readonly List<IDisposable> _owned = [];
    private readonly Queue<byte[]> _handshake = new();
    private readonly byte[] _buffer = new byte[20_000];
    private DtlsSession? _renewal;

    public RekeyingDevice()
    {
        NodeEnd = new TunnelEnd { Admission = TunnelAdmission.WithOffer(TunnelSamples.Small) };
        var timer = Own(new TunnelTimer(_time));
        var contexts = Own(TunnelContexts.Create(Own(_authority.Issue(PeerRole.Node, "node-1"))));
        Node = new SecureTunnel(contexts, timer, new TunnelPeer("laptop-1"), NodeEnd);
        Credentials = Own(_authority.Issue(PeerRole.Device, "laptop-1"));
        using var first = Open(Credentials);
        Node.Start();
        first.Start(TimeSpan.Zero);
        while (first.State != DtlsState.Established)
        {
            while (_handshake.TryDequeue(out var datagram))
            {
                Node.OnDatagram(datagram);
            }

            while (NodeEnd.Outbox.TryDequeue(out var datagram))
            {
                first.Receive(datagram, _buffer, TimeSpan.Zero);
            }
        }

        Opener = Own(first.TakeOpener());
        Sealer = Own(first.TakeSealer());
        Send(new TunnelControl { Configure = new() { Version = 1, MtuBytes = 1_280 } });
        Assert.Equal(TunnelState.Up, Node.State);
        NodeEnd.Outbox.Clear();
    }

    public SecureTunnel Node { get; }

    public TunnelEnd NodeEnd { get; }

    public PeerCredentials Credentials { get; }

    public RecordSealer Sealer { get; private set; }

    public RecordOpener Opener { get; private set; }

    /// <summary>Another certificate of the tenant for the same name.</summary>
    public PeerCredentials IssueAgain() => Own(_authority.Issue(PeerRole.Device, "laptop-1"));

    public void PassTime(TimeSpan time) => _time.Advance(time);

    public void Send(TunnelControl control) => Node.OnDatagram(Seal(TunnelCodec.Encode(control)));

    public void SendRekey(uint epoch, uint attempt, byte[] datagram) =>
        Send(new TunnelControl { Rekey = new TunnelRekey { Epoch = epoch, Attempt = attempt, Datagram = ByteString.CopyFrom(datagram) } });

    public byte[] Seal(ReadOnlySpan<byte> plaintext)
    {
        var record = new byte[plaintext.Length + RecordSealer.OverheadBytes];
        Assert.Equal(record.Length, Sealer.Seal(plaintext, record));
        return record;
    }

    /// <summary>Runs a renewal for epoch 2 with these credentials as far as the node goes along.</summary>
    /// <returns>Whether the handshake ended well at this end.</returns>
    public bool Renew(PeerCredentials credentials, uint attempt)
    {
        _renewal = Own(Open(credentials));
        _renewal.Start(TimeSpan.Zero);
        var isIdle = false;
        while (!isIdle && _renewal.State == DtlsState.Handshaking)
        {
            isIdle = true;
            while (_handshake.TryDequeue(out var datagram))
            {
                SendRekey(2, attempt, datagram);
            }

            while (NodeEnd.Outbox.TryDequeue(out var record))
            {
                isIdle = false;
                Assert.Equal(RecordOutcome.Data, Opener.Open(record, out var plaintext));
                if (TunnelCodec.TryDecode(plaintext, out var control) == 0 && control!.Rekey is { } rekey)
                {
                    _renewal.Receive(rekey.Datagram.Span, _buffer, TimeSpan.Zero);
                }
            }
        }

        return _renewal.State == DtlsState.Established;
    }

    /// <summary>Seals with the keys of <see cref="Renew"/>.</summary>
    public void Switch()
    {
        Opener = Own(_renewal!.TakeOpener(epoch: 2));
        Sealer = Own(_renewal.TakeSealer(epoch: 2));
    }

    public void Dispose()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _authority.Dispose();
    }

    private DtlsSession Open(PeerCredentials credentials)
    {
        var context = Own(DtlsContext.Create(new DtlsContextOptions { Role = DtlsRole.Client, Certificate = credentials.Certificate, MaxDatagramBytes = 1_200 }));
        return context.CreateSession(new Output(_handshake), (_, _) => DtlsVerdict.Accepted);
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private sealed class Output(Queue<byte[]> queue) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => queue.Enqueue(datagram.ToArray());
    }
}
