using OrleansUem.Agent.Identity;
using OrleansUem.Edge.State;
using OrleansUem.Node.Addressing;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Packets;
using OrleansUem.Silo;
using OrleansUem.Silo.State;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A file of a state directory that a disk, an editor or a restore damaged: the input is the file, the others are whole. The start fails with the directory's own exception, whose words name the
/// file, or it goes on with what is whole.
/// </summary>
internal sealed class StateParser : FuzzParser
{
    private readonly ScratchState _state = new();
    private readonly string _file;
    private readonly Action<string> _load;
    private readonly byte[] _whole;

    private StateParser(string file, Action<string> prepare, Action<string> load)
    {
        _file = file;
        _load = load;
        prepare(_state.Path);
        _whole = File.ReadAllBytes(Path.Combine(_state.Path, file));
        load(_state.Path);
    }

    public override IReadOnlyList<byte[]> Seeds => [_whole];

    /// <summary>A device's enrolment, or its key.</summary>
    public static StateParser Agent(bool isKey)
    {
        using var tenant = new FuzzAuthority("tenant");
        using var installation = new FuzzAuthority("installation");
        using var device = tenant.Issue(PeerRole.Device, "laptop-7");
        var key = "";
        return new StateParser(
            isKey ? KeyName() : AgentState.DocumentName,
            directory =>
            {
                AgentState.Store(directory, new AgentEnrolment
                {
                    Credentials = device,
                    InstallationRoot = installation.Authority.Root,
                    TenantTag = new byte[TenantTags.TagBytes],
                    Relays = [new RelayAddress("relay.example.org", 443)],
                    Origin = new string('A', 22),
                });
                new GenerationStore(new StateDirectory(directory)).Take(FuzzAuthority.Now);
            },
            directory => AgentState.Open(directory, PeerRole.Device).Dispose());

        string KeyName()
        {
            using var scratch = new ScratchState();
            using var own = FuzzAuthority.Key($"tenant/{PeerRole.Device}/laptop-7");
            return key = AgentState.StoreKey(new StateDirectory(scratch.Path), own);
        }
    }

    /// <summary>The count of a device's attaches.</summary>
    public static StateParser Generation() => new(
        "generation",
        directory => new GenerationStore(new StateDirectory(directory)).Take(FuzzAuthority.Now),
        directory => _ = new GenerationStore(new StateDirectory(directory)));

    /// <summary>A device's activation that was begun.</summary>
    public static StateParser Pending()
    {
        using var tenant = new FuzzAuthority("tenant");
        var activation = new EnrolmentUri
        {
            Kind = EnrolmentKind.Activate,
            Host = "relay.example.org",
            Port = 443,
            Installation = tenant.Authority.Id,
            Id = new string('A', 22),
            Secret = new byte[EnrolmentSecret.SecretBytes],
            Tenant = tenant.Authority.Id,
            TenantTag = new byte[TenantTags.TagBytes],
        };
        return new StateParser("pending.json", TakeUp, TakeUp);

        void TakeUp(string directory)
        {
            // A damaged file is replaced by a fresh request with a key of its own: a million of them would fill the memory.
            var before = Directory.GetFiles(directory, "key-*.pem");
            PendingActivation.TakeUp(new StateDirectory(directory), activation).Dispose();
            foreach (var made in before.Length == 0 ? [] : Directory.GetFiles(directory, "key-*.pem").Except(before))
            {
                File.Delete(made);
            }
        }
    }

    /// <summary>An activation that a node handed out.</summary>
    public static StateParser Activation()
    {
        var id = new string('A', 22);
        return new StateParser(
            $"activations/{id}.json",
            directory => new ActivationStore(new StateDirectory(directory)).Put(new Activation
            {
                Id = id,
                Secret = Convert.ToBase64String(new byte[EnrolmentSecret.SecretBytes]),
                Device = "laptop-7",
                CreatedAt = FuzzAuthority.Now,
                ExpiresAt = FuzzAuthority.Now.AddDays(1),
            }),
            directory => new ActivationStore(new StateDirectory(directory)).Find(id));
    }

    /// <summary>The addresses that a node gave to devices.</summary>
    public static StateParser Addresses()
    {
        var pool = Ipv4Prefix.Parse("10.64.0.0/24");
        return new StateParser(
            AddressBook.FileName,
            directory =>
            {
                var book = new AddressBook(new StateDirectory(directory), pool);
                book.TryAssign(new DeviceId("laptop-7"), out _, out _);
                book.TryAssign(new DeviceId("phone-1"), out _, out _);
                book.Save();
            },
            directory =>
            {
                var book = new AddressBook(new StateDirectory(directory), pool);
                Require(book.TryAssign(new DeviceId("new"), out var address, out _) && pool.Contains(address) && address != book.NodeAddress, "An address outside the pool is given.");
            });
    }

    /// <summary>The certificates that a node issued and revoked.</summary>
    public static StateParser Ledgers()
    {
        using var tenant = new FuzzAuthority("tenant");
        using var device = tenant.Issue(PeerRole.Device, "laptop-7");
        return new StateParser(
            NodeFiles.Issued,
            directory => IssuedLedger.Add(new StateDirectory(directory), device.Certificate, PeerRole.Device, "laptop-7", FuzzAuthority.Now),
            directory =>
            {
                var files = new StateDirectory(directory);
                _ = IssuedLedger.Of(files, new DeviceId("laptop-7"));
                File.Copy(files.PathOf(NodeFiles.Issued), files.PathOf(NodeFiles.Revoked), overwrite: true);
                _ = new RevocationList(files).Count;
            });
    }

    /// <summary>A file of an edge.</summary>
    public static StateParser Edge(string file)
    {
        var installation = new FuzzAuthority("installation");
        return new StateParser(
            file,
            directory =>
            {
                using var edge = installation.Issue(PeerRole.Edge, "edge-1");
                using var key = FuzzAuthority.Key($"installation/{PeerRole.Edge}/edge-1");
                EdgeState.Save(directory, edge.Certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), installation.Authority.Root.ExportCertificatePem());
            },
            directory => EdgeState.Load(directory).Dispose());
    }

    /// <summary>A file of a silo.</summary>
    public static StateParser Silo(string file) => new(
        file,
        directory => SiloInit.Create(directory, "silo-1", TimeProvider.System),
        directory => SiloState.Load(directory, TimeProvider.System).Dispose());

    /// <summary>A silo's own certificate and key, whose authority is loaded once.</summary>
    public static StateParser SiloCredentials()
    {
        CertificateAuthority? authority = null;
        return new StateParser(
            StateFiles.SiloCredentials,
            directory =>
            {
                SiloInit.Create(directory, "silo-1", TimeProvider.System);
                authority = SiloState.ReadAuthority(directory);
            },
            directory => SiloState.ReadCredentials(directory, authority!, "silo-1", TimeProvider.System.GetUtcNow()).Dispose());
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        _state.Write(_file, input);
        try
        {
            _load(_state.Path);
            return true;
        }
        catch (Exception e) when (e is AgentStateException or SiloStartException || e.GetType() == typeof(InvalidOperationException))
        {
            Require(e.Message.Contains(_state.Path, StringComparison.Ordinal), $"The words do not name the directory: {e.Message}");
            return false;
        }
    }

    protected override void Close() => _state.Dispose();
}
