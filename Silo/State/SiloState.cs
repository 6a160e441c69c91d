using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Silo.Enrolment;

namespace OrleansUem.Silo.State;

/// <summary>
/// What a silo keeps beside its database: the installation's CA, its own certificate and the key of the tenant tags; README "State directory".
/// WARNING: whoever reads the directory is the installation.
/// </summary>
public sealed class SiloState : IDisposable
{
    /// <summary>A silo certificate with less than this left is renewed at start. Arbitrary: longer than any uptime between two updates.</summary>
    public static readonly TimeSpan RenewalMargin = TimeSpan.FromDays(180);

    private readonly Lock _gate = new();
    private readonly CertificateAuthority _authority;
    private readonly byte[] _tenantTagKey;

    private SiloState(string directory, StateMarker marker, CertificateAuthority authority, PeerCredentials credentials, byte[] tenantTagKey)
    {
        Directory = directory;
        Name = SiloId.Parse(marker.Name);
        UsesPostgres = marker.UsesPostgres;
        _authority = authority;
        Credentials = credentials;
        _tenantTagKey = tenantTagKey;
        InstallationRoot = authority.Root.RawDataMemory;
    }

    /// <summary>The directory's full path.</summary>
    public string Directory { get; }

    /// <summary>The silo's name.</summary>
    public SiloId Name { get; }

    /// <summary>The installation's id: the fingerprint of its root.</summary>
    public TenantId Installation => _authority.Id;

    /// <summary>DER of the installation's root.</summary>
    public ReadOnlyMemory<byte> InstallationRoot { get; }

    /// <summary>The silo's certificate, its key and the installation's root.</summary>
    public PeerCredentials Credentials { get; }

    /// <summary>Whether the silo has started on PostgreSQL before: its grains are there.</summary>
    public bool UsesPostgres { get; private set; }

    /// <summary>The SQLite file of grain state and reminders.</summary>
    public string DatabasePath => Path.Combine(Directory, StateFiles.Database);

    /// <summary>The SQLite file of the read model.</summary>
    public string InventoryPath => Path.Combine(Directory, StateFiles.Inventory);

    /// <summary>The Unix socket of the admin API.</summary>
    public string AdminSocketPath => AdminSocketOf(Directory);

    /// <summary>Whether a directory holds a silo's state.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <returns>True: it was set up to its end.</returns>
    public static bool Exists(string stateDirectory) => File.Exists(Path.Combine(stateDirectory, StateFiles.Marker));

    /// <summary>The admin API's Unix socket in a state directory.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <returns>The full path.</returns>
    public static string AdminSocketOf(string stateDirectory) => Path.Combine(Path.GetFullPath(stateDirectory), StateFiles.AdminSocket);

    /// <summary>Loads a directory that <see cref="SiloInit"/> made, and renews the silo's certificate when little of it is left.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The state.</returns>
    /// <exception cref="SiloStartException">A part is missing, does not parse or does not fit the others; the text says what to do.</exception>
    public static SiloState Load(string stateDirectory, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(stateDirectory);
        ArgumentNullException.ThrowIfNull(time);
        var directory = Path.GetFullPath(stateDirectory);
        var marker = ReadMarker(directory);
        RequirePrivate(directory, StateFiles.RootKey);
        RequirePrivate(directory, StateFiles.TenantTagKey);
        var tenantTagKey = ReadTenantTagKey(directory);
        var authority = ReadAuthority(directory);
        try
        {
            var credentials = ReadCredentials(directory, authority, marker.Name, time.GetUtcNow());
            return new SiloState(directory, marker, authority, credentials, tenantTagKey);
        }
        catch
        {
            authority.Dispose();
            throw;
        }
    }

    /// <summary>Notes that the grains are in PostgreSQL.</summary>
    internal void RememberPostgres()
    {
        if (!UsesPostgres)
        {
            StateMarker.Write(Directory, new StateMarker(StateMarker.PostgresVersion, Name.Text));
            UsesPostgres = true;
        }
    }

    /// <summary>The tag of a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <returns>The tag.</returns>
    public byte[] CreateTenantTag(TenantId tenant) => TenantTags.Create(_tenantTagKey, tenant);

    /// <summary>Checks the tag that a peer shows for a tenant.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="tag">The tag; any bytes.</param>
    /// <returns>True when this installation made it.</returns>
    public bool IsTenantTag(TenantId tenant, ReadOnlySpan<byte> tag) => TenantTags.Verify(_tenantTagKey, tenant, tag);

    /// <summary>Makes the id of an invitation or join token.</summary>
    /// <returns>22 characters.</returns>
    public string CreateInvitationId() => InvitationIds.Create(_tenantTagKey);

    /// <summary>Whether this installation made an id of an invitation or join token.</summary>
    /// <param name="text">The id as a stranger named it.</param>
    /// <returns>False for ids that were made up.</returns>
    public bool IsInvitationId(string text) => InvitationIds.Verify(_tenantTagKey, text);

    /// <summary>Issues an edge's certificate. Any thread.</summary>
    /// <param name="publicKey">The edge's key.</param>
    /// <param name="edge">Its id.</param>
    /// <param name="now">The clock.</param>
    /// <param name="validity">How long.</param>
    /// <returns>DER.</returns>
    public byte[] IssueEdge(
        PublicKey publicKey, EdgeId edge, DateTimeOffset now, TimeSpan validity)
    {
        lock (_gate)
        {
            using var certificate = _authority.Issue(publicKey, PeerRole.Edge, edge.Text, now, validity);
            return certificate.RawData;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_tenantTagKey);
        Credentials.Dispose();
        _authority.Dispose();
    }

    private static void RequirePrivate(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        if (File.Exists(path) && StateFiles.IsOpenToOthers(path))
        {
            throw new SiloStartException($"{path} is readable by others than its owner. Find out who read it, then 'chmod 600 {path}'.");
        }
    }

    // By the file that each role's state always has.
    private static string? FindOtherRole(string directory) =>
        File.Exists(Path.Combine(directory, "agent.json")) ? "a node or device"
        : File.Exists(Path.Combine(directory, "edge.crt")) ? "an edge"
        : null;

    /// <summary>The marker of a directory.</summary>
    internal static StateMarker ReadMarker(string directory)
    {
        if (!File.Exists(Path.Combine(directory, StateFiles.Marker)))
        {
            throw new SiloStartException(
                File.Exists(directory) ? $"{directory} is a file; --state takes a directory."
                : FindOtherRole(directory) is { } role ? $"{directory} is the state of {role}, not of a silo. Name another directory with --state."
                : $"{directory} holds no silo: {StateFiles.Marker} is missing. Set it up with 'uem silo init --state {directory} --name NAME'.");
        }

        StateMarker? marker;
        try
        {
            marker = JsonSerializer.Deserialize<StateMarker>(Read(directory, StateFiles.Marker));
        }
        catch (JsonException e)
        {
            throw Damaged(directory, StateFiles.Marker, "it is not the JSON that was written", e);
        }

        if (marker is null || !NameRules.IsName(marker.Name))
        {
            throw Damaged(directory, StateFiles.Marker, "the name in it is no name", null);
        }

        return marker.Version is StateMarker.SqliteVersion or StateMarker.PostgresVersion
            ? marker
            : throw new SiloStartException(
                $"{directory} has layout {marker.Version}, this program reads layouts {StateMarker.SqliteVersion} and {StateMarker.PostgresVersion}. Use the program that wrote it.");
    }

    /// <summary>The key of the tenant tags in a directory.</summary>
    internal static byte[] ReadTenantTagKey(string directory)
    {
        try
        {
            var key = Convert.FromHexString(Read(directory, StateFiles.TenantTagKey).Trim());
            return key.Length == TenantTags.KeyBytes
                ? key
                : throw Damaged(directory, StateFiles.TenantTagKey, $"it has {key.Length} bytes, not {TenantTags.KeyBytes}", null);
        }
        catch (FormatException e)
        {
            throw Damaged(directory, StateFiles.TenantTagKey, "it is not hexadecimal", e);
        }
    }

    /// <summary>The installation's CA in a directory.</summary>
    internal static CertificateAuthority ReadAuthority(string directory)
    {
        try
        {
            return CertificateAuthority.Load(Read(directory, StateFiles.RootCertificate), Read(directory, StateFiles.RootKey));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Damaged(directory, $"{StateFiles.RootCertificate} or {StateFiles.RootKey}", e.Message, e);
        }
    }

    /// <summary>The silo's own certificate in a directory, renewed when little of it is left.</summary>
    internal static PeerCredentials ReadCredentials(string directory, CertificateAuthority authority, string name, DateTimeOffset now)
    {
        var path = Path.Combine(directory, StateFiles.SiloCredentials);
        if (!File.Exists(path))
        {
            SiloInit.IssueSilo(directory, authority, name, now);
        }

        var credentials = LoadCredentials(directory, authority);
        if (credentials.Certificate.NotAfter.ToUniversalTime() - now.UtcDateTime >= RenewalMargin && IsTlsClient(credentials.Certificate))
        {
            return credentials;
        }

        credentials.Dispose();
        SiloInit.IssueSilo(directory, authority, name, now);
        return LoadCredentials(directory, authority);
    }

    // Certificates of the first versions were for servers only; among silos either end may be the client.
    private static bool IsTlsClient(X509Certificate2 certificate) => certificate.Extensions
        .OfType<X509EnhancedKeyUsageExtension>()
        .Any(usages => usages.EnhancedKeyUsages[CertificateUsage.TlsClient] is not null);

    private static PeerCredentials LoadCredentials(string directory, CertificateAuthority authority)
    {
        RequirePrivate(directory, StateFiles.SiloCredentials);
        try
        {
            var pem = Read(directory, StateFiles.SiloCredentials);
            return PeerCredentials.Load(pem, pem, authority.Root);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Damaged(directory, StateFiles.SiloCredentials, e.Message + " Remove it and the silo makes another", e);
        }
    }

    private static string Read(string directory, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, name));
        }
        catch (FileNotFoundException e)
        {
            throw Damaged(directory, name, "it is missing", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SiloStartException($"{Path.Combine(directory, name)} can't be read: {e.Message} Run the silo as the owner of the directory.", e);
        }
    }

    private static SiloStartException Damaged(string directory, string name, string what, Exception? inner) =>
        new($"{Path.Combine(directory, name)} is not usable: {what}. Restore the directory from its backup.", inner);
}
