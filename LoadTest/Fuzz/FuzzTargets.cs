using System.Net;
using System.Text;
using OrleansUem.Device.Names;
using OrleansUem.Dtls;
using OrleansUem.LoadTest.Fuzz.Shapes;
using OrleansUem.LoadTest.Fuzz.Targets;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>Every parser of bytes that somebody else wrote. A new parser gets a row here; Tests/Fuzz feeds each row some thousands of inputs, <c>uem load fuzz</c> a million.</summary>
internal static class FuzzTargets
{
    private static readonly FuzzShape Messages = new FramesShape(ProtobufShape.Instance);
    private static readonly FuzzShape Contents = new FramesShape(new PrefixedShape(1, ProtobufShape.Instance));
    private static readonly FuzzShape Text = TextShape.Instance;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("frames", "the stream of any connection: frame reader and messages", Messages, () => new FramesParser()),
        new("connection", "a stranger's stream: a whole connection with keep-alive and CLOSE", Messages, () => new ConnectionParser()) { Corpus = "frames" },
        new("uplink-device", "an edge's frames at a device", Messages, () => new UplinkParser(PeerRole.Device)) { Corpus = "frames" },
        new("uplink-node", "an edge's frames at a node", Messages, () => new UplinkParser(PeerRole.Node)) { Corpus = "frames" },
        new("session-device", "a device's frames at an edge", Messages, () => new EdgeSessionParser(PeerRole.Device)) { Corpus = "frames", IsSlow = true },
        new("session-node", "a node's frames at an edge", Messages, () => new EdgeSessionParser(PeerRole.Node)) { Corpus = "frames", IsSlow = true },
        new("control-silo", "an edge's frames at a silo", Messages, () => new ControlLinkParser(ControlSide.Silo)) { Corpus = "frames" },
        new("control-edge", "a silo's frames at an edge", Messages, () => new ControlLinkParser(ControlSide.Edge)) { Corpus = "frames" },
        new("edge-request", "what a stolen edge asks a silo", ProtobufShape.Instance, () => new EdgeRequestParser()) { IsSlow = true },
        new("hello", "HELLO at first contact", ProtobufShape.Instance, () => new GreetingParser()) { IsSlow = true },
        new("certificate", "any bytes as a certificate", DerShape.Instance, () => new CertificateParser()) { Corpus = "certificates", IsSlow = true },
        new("signed-certificate", "extensions that the tenant's CA signed", new SignedCertificateParser.EntriesShape(), () => new SignedCertificateParser()) { IsSlow = true },
        new("claim", "what a device with its key claims in ATTACH", ProtobufShape.Instance, () => new ClaimParser()) { IsSlow = true },
        new("csr", "a certificate request", DerShape.Instance, () => new DelegateParser(TakeRequest)) { Corpus = "requests" },
        new("enrol", "ENROL at the node", ProtobufShape.Instance, () => new EnrolParser()),
        new("activation-answer", "a relay's answer to an activation", ProtobufShape.Instance, () => new ActivationAnswerParser(knowsSecret: false)) { IsSlow = true },
        new("activation-grant", "a hostile node's answer to an activation", ProtobufShape.Instance, () => new ActivationAnswerParser(knowsSecret: true)) { IsSlow = true },
        new("registration", "a stranger registers a tenant", ProtobufShape.Instance, () => new RegistrationParser()) { IsSlow = true },
        new("registration-answer", "a relay's answer to a registration", ProtobufShape.Instance, () => new RegistrationAnswerParser()),
        new("join-answer", "a silo's answer to a join", ProtobufShape.Instance, () => new JoinAnswerParser()) { IsSlow = true },
        new("uri", "activation, invitation and join texts", Text, () => new EnrolmentUriParser()) { Corpus = "uris" },
        new("text", "names, addresses, rules and words of peers", Text, () => new TextParser()),
        new("tunnel-payload", "the content of one end-to-end record", new PrefixedShape(1, ProtobufShape.Instance), () => new TunnelPayloadParser())
        {
            Corpus = "tunnel",
            MaxAllocatedBytes = 16L << 20, // it parses an input four times
        },
        new("tunnel-device", "a hostile node inside the tunnel", Contents, () => new TunnelParser(TunnelRole.Device)),
        new("tunnel-node", "a hostile device inside the tunnel", Contents, () => new TunnelParser(TunnelRole.Node)),
        new("packet", "an IPv4 packet: view, policy, ICMP error", PacketShape.Instance, () => new PacketParser()) { Corpus = "packets" },
        new("forwarder", "packets of a hostile device at the node", new PrefixedShape(1, PacketShape.Instance), () => new ForwarderParser()),
        new("offload", "a super-packet of the TUN, virtio header first", new PrefixedShape(10, PacketShape.Instance), () => new OffloadParser()) { Corpus = "offloads" },
        new("coalescer", "packets on their way to the TUN", new FramesShape(PacketShape.Instance), () => new CoalescerParser()),
        new("dns-question", "a datagram at the device's name stub, and an answer to it", FuzzShape.Bytes, () => new DnsMessageParser()) { Corpus = "dns" },
        new("resolv-conf", "the machine's resolver file", Text, () => new DelegateParser(TakeResolverConf)) { Corpus = "resolv-conf" },
        new("path-probe", "a datagram at an edge's UDP port", FuzzShape.Bytes, () => new PathProbeParser()) { Corpus = "paths" },
        new("record-filter", "a datagram before libssl sees it", RecordsShape.Instance, () => new DelegateParser(TakeRecords)),
        new("dtls-records", "a datagram to an established session", RecordsShape.Instance, () => new DtlsRecordsParser()) { AcceptsMutants = false },
        new("dtls-handshake", "somebody on the path of a handshake", FuzzShape.Bytes, () => new DtlsHandshakeParser()) { IsSlow = true },
        new("dtls-first-flight", "the first datagram at a node's end of a tunnel", RecordsShape.Instance, () => new DtlsFirstFlightParser()) { IsSlow = true },
        new("client-hello", "the first bytes of any TCP connection", FuzzShape.Bytes, () => new DelegateParser(TakeHello)),
        new("admin-request", "JSON bodies of the admin API", new PrefixedShape(1, Text), () => new AdminRequestParser()),
        new("state-agent", "agent.json", Text, () => StateParser.Agent(isKey: false)) { IsSlow = true },
        new("state-agent-key", "a device's key file", Text, () => StateParser.Agent(isKey: true)) { AcceptsMutants = false, IsSlow = true },
        new("state-generation", "the count of attaches", Text, StateParser.Generation),
        new("state-pending", "pending.json", Text, StateParser.Pending) { IsSlow = true },
        new("state-activation", "an activation in a node's directory", Text, StateParser.Activation),
        new("state-addresses", "addresses.json", Text, StateParser.Addresses),
        new("state-ledgers", "a node's ledgers of certificates", Text, StateParser.Ledgers) { IsSlow = true },
        new("state-edge", "an edge's certificate file", Text, () => StateParser.Edge("edge.crt")) { IsSlow = true },
        new("state-edge-key", "an edge's key file", Text, () => StateParser.Edge("edge.key")) { AcceptsMutants = false, IsSlow = true },
        new("state-silo", "silo.json", Text, () => StateParser.Silo("silo.json")) { IsSlow = true },
        new("state-silo-credentials", "silo.pem", Text, StateParser.SiloCredentials) { IsSlow = true },
        new("state-silo-root", "the installation's root", Text, () => StateParser.Silo("installation.crt.pem")) { AcceptsMutants = false, IsSlow = true },
        new("state-silo-tag-key", "the key of tags", Text, () => StateParser.Silo("tenant-tag.key")) { IsSlow = true },
    ];

    /// <summary>Finds a target.</summary>
    /// <exception cref="FormatException">No such target; the message lists them.</exception>
    public static FuzzTarget Find(string name) => All.FirstOrDefault(target => target.Name == name)
        ?? throw new FormatException($"--target '{name}' is none of: {string.Join(", ", All.Select(target => target.Name))}.");

    private static bool TakeResolverConf(ReadOnlySpan<byte> input)
    {
        var conf = ResolverConf.Parse(Encoding.UTF8.GetString(input));
        var ours = ResolverConf.Parse(conf.PutBefore("mark", IPAddress.Loopback, ["corp.example"]));
        return ours.Servers.Count == 1 && ours.Servers[0].Equals(IPAddress.Loopback) && ours.Search[0] == "corp.example"
            ? conf.Servers.Count > 0
            : throw new InvalidOperationException("The former file reached into ours.");
    }

    private static bool TakeRequest(ReadOnlySpan<byte> input) => SigningRequest.TryRead(input, out _) == Reason.None;

    private static bool TakeHello(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty || !ClientHello.TryGetLength(input, out var length))
        {
            return false;
        }

        _ = ClientHello.OffersTls13(input);
        return length is 0 or (> 5 and <= 16_389) ? true : throw new InvalidOperationException($"A record of {length} bytes.");
    }

    private static bool TakeRecords(ReadOnlySpan<byte> input)
    {
        var isSafe = RecordFilter.IsSafe(input, isEstablished: true, out var data, out var other);
        return isSafe && data + other <= input.Length / DtlsContextOptions.RecordOverheadBytes ? true
            : isSafe ? throw new InvalidOperationException("More records than the datagram has room for.")
            : false;
    }
}
