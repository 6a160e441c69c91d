using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Node;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.Node;

/// <summary>A node's state directory, made by the product's own code with the installation's answer made here.</summary>
internal sealed class NodeState : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("uem-node-test-");

    private NodeState() => Files = new StateDirectory(Path);

    public ManualTimeProvider Time { get; } = new(TestAuthority.Epoch);

    public TestAuthority Installation { get; } = new("Installation");

    public StateDirectory Files { get; }

    public EnrolmentUri Invitation { get; private set; } = null!;

    public string Path => _directory.FullName;

    public int Registrations { get; private set; }

    public static async Task<NodeState> CreateAsync()
    {
        var state = new NodeState();
        state.Invitation = new EnrolmentUri
        {
            Kind = EnrolmentKind.Invite,
            Host = "relay.example",
            Port = 3101,
            Installation = state.Installation.Id,
            Id = "AAAAAAAAAAAAAAAAAAAAAA",
            Secret = new byte[16],
        };
        await state.InitAsync();
        return state;
    }

    public Task<PeerIdentity> InitAsync(string name = "node-1", string? directory = null, bool isLost = false) =>
        NodeInit.InitAsync(
            Invitation,
            directory ?? Path,
            new NodeId(name),
            Time,
            _ =>
            {
                Registrations++;
                return isLost
                    ? Task.FromException<TenantRegistration>(new EnrolmentException(OrleansUem.Protocol.Wire.Reason.ConnectionLost, "lost"))
                    : Task.FromResult(new TenantRegistration(
                        new byte[16],
                        X509CertificateLoader.LoadCertificate(Installation.Authority.Root.RawData),
                        new RelayAddress("relay.example", 3101)));
            });

    public CertificateAuthority LoadAuthority() => NodeFiles.LoadAuthority(Files);

    public EnrolmentUri Activate(string device, TimeSpan? lifetime = null) =>
        NodeActivations.Create(Path, new DeviceId(device), Time, lifetime);

    /// <summary>ENROL as a device makes it.</summary>
    public static Enrol Request(EnrolmentUri activation, ECDsa key, byte[]? secret = null)
    {
        var csr = SigningRequest.Create(key);
        return Request(activation, csr, secret);
    }

    public static Enrol Request(EnrolmentUri activation, byte[] csr, byte[]? secret = null)
    {
        var mac = EnrolmentMacs.ActivationRequest(secret ?? activation.Secret.ToArray(), activation.Tenant!.Value, activation.Id, 1, csr);
        return new Enrol
        {
            RequestId = 7,
            TenantId = activation.Tenant.Value.Text,
            ActivationId = activation.Id,
            Request = new EnrolRequest { Version = 1, Csr = ByteString.CopyFrom(csr), Mac = ByteString.CopyFrom(mac) }.ToByteString(),
        };
    }

    /// <summary>Enrols a device through the whole exchange.</summary>
    public PeerCredentials Enrol(string device)
    {
        using var authority = LoadAuthority();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var answer = new DeviceCertifier(Files, authority, TimeSpan.FromDays(365), Time).Answer(Request(Activate(device), key), out _);
        var grant = EnrolGrant.Parser.ParseFrom(answer.Answer);
        using var certificate = X509CertificateLoader.LoadCertificate(grant.Certificate.Span);
        return PeerCredentials.Create(certificate, key, authority.Root);
    }

    public void Dispose()
    {
        Installation.Dispose();
        _directory.Delete(recursive: true);
    }
}
