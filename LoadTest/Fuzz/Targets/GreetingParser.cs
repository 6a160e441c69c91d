using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>HELLO at first contact, when only the installation's fingerprint is known: no root but the pinned one is ever taken from it.</summary>
internal sealed class GreetingParser : FuzzParser
{
    private readonly FuzzAuthority _installation = new("installation");
    private readonly PeerCredentials _edge;

    public GreetingParser() => _edge = _installation.Issue(PeerRole.Edge, "edge-1");

    public override IReadOnlyList<byte[]> Seeds =>
    [
        new Hello
        {
            Version = 1,
            OldestVersion = 1,
            ServerName = "edge-1",
            TimeUnixMs = 1,
            KeepAliveSeconds = 30,
            InstallationRoot = ByteString.CopyFrom(_installation.Authority.Root.RawData),
        }.ToByteArray(),
    ];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (HelloRules.TryRead(new ReadOnlySequence<byte>(input.ToArray())) is not { } hello)
        {
            return false;
        }

        var version = HelloRules.ChooseVersion(hello);
        Require(version == 0 || (version >= hello.OldestVersion && version <= hello.Version), "A version was chosen that the server does not speak.");
        var reason = ServerCertificates.VerifyHello(_edge.Certificate, hello, _installation.Authority.Id, PeerRole.Edge, FuzzAuthority.Now, out var root);
        using (root)
        {
            Require((reason == Reason.None) == (root is not null), "A root without a verdict.");
            Require(root is null || TenantId.FromRoot(root) == _installation.Authority.Id, "Another root than the pinned one is trusted.");
            return reason == Reason.None;
        }
    }

    protected override void Close()
    {
        _edge.Dispose();
        _installation.Dispose();
    }
}
