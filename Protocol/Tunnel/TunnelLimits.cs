namespace OrleansUem.Protocol.Tunnel;

/// <summary>Bounds and times of a tunnel. Times are milliseconds.</summary>
public static class TunnelLimits
{
    /// <summary>The version of <c>ConfigureRequest</c> and <c>Configuration</c>.</summary>
    public const uint Version = 1;

    /// <summary>The smallest MTU that is agreed on: what every IPv4 host can receive (RFC 791 §3.1).</summary>
    public const int MtuBytesMin = 576;

    /// <summary>The largest MTU that is agreed on: jumbo frames; one packet stays well inside one DTLS record of 2^14 bytes.</summary>
    public const int MtuBytesMax = 9_000;

    /// <summary>Default MTU; the sum is in Protocol/README.md "End to end".</summary>
    public const int MtuBytesDefault = 1_399;

    /// <summary>What an end-to-end record adds to a packet: DTLS header 13, explicit nonce 8, tag 16 (RFC 6347 §4.1, RFC 5288 §3).</summary>
    public const int RecordOverheadBytes = 13 + 8 + 16;

    /// <summary>
    /// Packets that one record holds at most, where both ends' hops are streams: with the record's overhead and the frame's header it is one TLS record of 2^14 bytes (RFC 8446 §5.1), which is what a stream carries at a time anyway.
    /// </summary>
    public const int PackedBytesMax = 16_384 - RecordOverheadBytes - Wire.FrameLimits.HeaderBytes;

    /// <summary>An end that gets several packets in one record although its hop is no stream says so again, at most once in this time: its word was lost.</summary>
    public const long HopNoticeInterval = 1_000;

    /// <summary>Routes in a configuration. Arbitrary; a device's routing table is searched for every packet of the whole device.</summary>
    public const int RoutesMax = 256;

    /// <summary>DNS servers in a configuration. Resolvers look at three (resolv.conf(5)); more is a mistake of the operator or an attack.</summary>
    public const int DnsServersMax = 8;

    /// <summary>DNS domains in a configuration; glibc searched 6 for decades, systemd-resolved takes 256.</summary>
    public const int DnsDomainsMax = 32;

    /// <summary>Characters of a DNS domain (RFC 1035 §2.3.4 allows 255 bytes on the wire, which are 253 in text).</summary>
    public const int DnsDomainCharactersMax = 253;

    /// <summary>Parts of a configuration: the largest one, of 13.4 kB, in parts of 575 bytes that are at least half full.</summary>
    public const int PartsMax = 64;

    /// <summary>The end-to-end handshake has to end within this time: libssl gives up after 23.75 s of silence itself, a trickle of records never.</summary>
    public const long SecureTimeout = 30_000;

    /// <summary>Wait before a ConfigureRequest is sent again; doubles up to <see cref="ConfigureIntervalMax"/>.</summary>
    public const long ConfigureInterval = 250;

    /// <summary>The longest wait between two ConfigureRequests.</summary>
    public const long ConfigureIntervalMax = 4_000;

    /// <summary>The configuration has to be agreed within this time of the handshake's end. Arbitrary: ten requests, of which one comes through at 75 % loss with 94 %.</summary>
    public const long ConfigureTimeout = 30_000;

    /// <summary>A packet was sent and nothing was heard since: the first probe goes out after this time. Longer than a TCP round trip with two repeats.</summary>
    public const long ProbeAfter = 15_000;

    /// <summary>Between two looks at the traffic, and the wait for the answer of a probe.</summary>
    public const long ProbeInterval = 5_000;

    /// <summary>Probes without an answer after which the far end counts as dead: 30 s after the first packet into the void.</summary>
    public const int ProbesMax = 3;

    /// <summary>Age at which a tunnel with traffic renews its keys: an hour, as OpenVPN does. The use of a key ends it sooner on a busy tunnel.</summary>
    public const long RekeyAfter = 3_600_000;

    /// <summary>A device gives up an attempt after this time: a flight is sent five times in it.</summary>
    public const long RekeyTimeout = 10_000;

    /// <summary>Wait of the device between two attempts. Arbitrary; two of them fit into the time that a busy key has left.</summary>
    public const long RekeyRetryAfter = 5_000;

    /// <summary>A node takes attempts of one tunnel no faster: each costs it a signature.</summary>
    public const long RekeyIntervalMin = 1_000;

    /// <summary>How long records of the old epoch still open after the change: longer than a queue below a tunnel takes to drain.</summary>
    public const long RekeyOverlap = 10_000;

    /// <summary>What a handshake's datagram grows by inside a control payload: 1 byte, and tags, lengths and numbers of two Protobuf messages (at most 20).</summary>
    public const int RekeyEnvelopeBytes = 32;
}
