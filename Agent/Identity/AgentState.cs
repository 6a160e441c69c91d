using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// The state directory of a device or a node (mode 0700, files 0600):
/// <code>
/// agent.json        certificate, tenant's root, installation's root, tag, relay addresses, name of the key's file
/// key-XXXXXXXX.pem  private key, PKCS#8, named by its public key's hash
/// generation        the last attach generation reserved
/// pending.json      an activation whose answer has not come yet
/// lock              held while a process uses the directory
/// </code>
/// </summary>
public sealed class AgentState : IDisposable
{
    internal const string DocumentName = "agent.json";

    private const string KeyPrefix = "key-";
    private const string KeySuffix = ".pem";

    private readonly IDisposable _lock;

    private AgentState(string directory, IDisposable held, AgentEnrolment enrolment, GenerationStore generations)
    {
        Directory = directory;
        _lock = held;
        Enrolment = enrolment;
        Generations = generations;
    }

    /// <summary>The full path.</summary>
    public string Directory { get; }

    /// <summary>Credentials, roots, addresses.</summary>
    public AgentEnrolment Enrolment { get; }

    /// <summary>Who this is.</summary>
    public PeerIdentity Identity => Enrolment.Credentials.Identity;

    /// <summary>The attach generations.</summary>
    public GenerationStore Generations { get; }

    /// <summary>Whether an enrolment is stored there.</summary>
    /// <param name="directory">The state directory; may not exist.</param>
    public static bool Exists(string directory) => new StateDirectory(directory).Has(DocumentName);

    /// <summary>Tells a directory of somebody else from an empty one.</summary>
    /// <param name="directory">The state directory; may not exist.</param>
    /// <exception cref="AgentStateException">It exists and this user may not look into it.</exception>
    public static void RequireReadable(string directory) => new StateDirectory(directory).RequireReadable();

    /// <summary>Whether an enrolled device or node runs, starts or ends here.</summary>
    /// <param name="directory">The state directory; may not exist.</param>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public static bool IsInUse(string directory) => new StateDirectory(directory) is var files && files.Has(DocumentName) && files.IsInUse();

    /// <summary>Loads the state and keeps the directory for this process until Dispose.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="role">What the caller is: a device does not run on a node's state.</param>
    /// <exception cref="AgentStateException">Not enrolled, in use, damaged, or of another role.</exception>
    public static AgentState Open(string directory, PeerRole role)
    {
        var files = new StateDirectory(directory);
        if (!files.Has(DocumentName))
        {
            files.RequireReadable();
            throw new AgentStateException($"{files.Path} holds no enrolment. {AdviceFor(role)}");
        }

        var held = role == PeerRole.Device ? files.Lock($"Stop that first: uem device down --state {files.Path}") : files.Lock();
        AgentEnrolment? enrolment = null;
        try
        {
            enrolment = Load(files);
            if (enrolment.Credentials.Identity.Role != role)
            {
                throw new AgentStateException(
                    $"{files.Path} belongs to a {enrolment.Credentials.Identity.Role}, not to a {role}. {AdviceFor(role)}");
            }

            return new AgentState(files.Path, held, enrolment, new GenerationStore(files));
        }
        catch
        {
            enrolment?.Credentials.Dispose();
            enrolment?.InstallationRoot.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>Stores an enrolment as a whole: afterwards either the old or the new one is there, whatever happens in between.</summary>
    /// <param name="directory">The state directory; made when missing.</param>
    /// <param name="enrolment">What to store.</param>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public static void Store(string directory, AgentEnrolment enrolment)
    {
        var files = new StateDirectory(directory);
        files.Create();
        using var key = enrolment.Credentials.Certificate.GetECDsaPrivateKey()
            ?? throw new AgentStateException("The credentials have no EC private key.");
        var keyFile = StoreKey(files, key);
        var document = new AgentStateDocument
        {
            Version = AgentStateDocument.CurrentVersion,
            Identity = enrolment.Credentials.Identity.ToString(),
            Origin = enrolment.Origin,
            KeyFile = keyFile,
            Certificate = enrolment.Credentials.Certificate.ExportCertificatePem(),
            TenantRoot = enrolment.Credentials.Root.ExportCertificatePem(),
            InstallationRoot = enrolment.InstallationRoot.ExportCertificatePem(),
            TenantTag = Convert.ToBase64String(enrolment.TenantTag.Span),
            Relays = [.. enrolment.Relays.Select(relay => relay.ToString())],
        };
        files.Write(DocumentName, JsonSerializer.Serialize(document, StateJson.StrictWeb) + "\n");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Enrolment.Credentials.Dispose();
        Enrolment.InstallationRoot.Dispose();
        _lock.Dispose();
    }

    /// <summary>Stores a private key under the name that its public key gives it; storing it again changes nothing.</summary>
    /// <returns>The file's name.</returns>
    internal static string StoreKey(StateDirectory files, ECDsa key)
    {
        var name = $"{KeyPrefix}{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 4))}{KeySuffix}";
        var pem = key.ExportPkcs8PrivateKeyPem() + "\n";
        if (!files.Has(name) || files.ReadSecret(name) != pem)
        {
            files.Write(name, pem);
        }

        return name;
    }

    /// <summary>Whether a name is one that <see cref="StoreKey"/> gives, and so no other file of this or another directory.</summary>
    internal static bool IsKeyFile(string name) => name.StartsWith(KeyPrefix, StringComparison.Ordinal)
        && name.EndsWith(KeySuffix, StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    internal static AgentEnrolment Load(StateDirectory files)
    {
        var path = files.PathOf(DocumentName);
        if (!files.Has(DocumentName))
        {
            throw new AgentStateException($"{files.Path} holds no enrolment: {DocumentName} is missing. Repeat the enrolment ('uem node init', 'uem device enrol') with the same directory.");
        }

        try
        {
            var document = JsonSerializer.Deserialize<AgentStateDocument>(files.Read(DocumentName), StateJson.StrictWeb)
                ?? throw new AgentStateException($"{path} is empty. {Damaged}");
            if (document.Version != AgentStateDocument.CurrentVersion)
            {
                throw new AgentStateException(
                    $"{path} has version {document.Version}, this program reads {AgentStateDocument.CurrentVersion}. Update the program.");
            }

            if (!IsKeyFile(document.KeyFile))
            {
                throw new AgentStateException($"{path} names a key file that is none of this directory. {Damaged}");
            }

            if (!files.Has(document.KeyFile))
            {
                throw new AgentStateException($"{files.PathOf(document.KeyFile)}, the private key, is missing. {Damaged}");
            }

            var relays = document.Relays
                .Select(text => RelayAddress.TryParse(text, out var relay)
                    ? relay
                    : throw new AgentStateException($"{path}: '{text}' in relays is not HOST:PORT."))
                .ToArray();
            if (relays.Length == 0)
            {
                throw new AgentStateException($"{path} names no relay address. {Damaged}");
            }

            return new AgentEnrolment
            {
                Credentials = PeerCredentials.Load(document.Certificate, files.ReadSecret(document.KeyFile), document.TenantRoot),
                InstallationRoot = X509Certificate2.CreateFromPem(document.InstallationRoot),
                TenantTag = Convert.FromBase64String(document.TenantTag),
                Relays = relays,
                Origin = document.Origin,
            };
        }
        catch (Exception e) when (e is JsonException or CryptographicException or FormatException)
        {
            // What the parser says of the bytes helps nobody who is to enrol again.
            var fault = e is JsonException ? "it is not the JSON that was written." : e.Message;
            throw new AgentStateException($"{path} is damaged: {fault} {Damaged}", e);
        }
    }

    private const string Damaged = "Enrol again into an empty directory.";

    private static string AdviceFor(PeerRole role) => role == PeerRole.Node
        ? "Ask the relay's operator for an invitation and run: uem node init URI --state DIR --name NAME"
        : "Ask for an activation and run: uem device enrol URI --state DIR";
}
