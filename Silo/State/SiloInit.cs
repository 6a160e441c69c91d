using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.State;

/// <summary>Sets up a new installation: its CA, the silo's certificate and the key of the tenant tags.</summary>
public static class SiloInit
{
    /// <summary>
    /// How long the installation's root is valid. Arbitrary: replacing it means that every edge joins again and every node and device is told the new
    /// pin, so it outlives the machines.
    /// </summary>
    public static readonly TimeSpan RootValidity = TimeSpan.FromDays(20 * 365);

    /// <summary>How long a silo's certificate is valid; <see cref="SiloState.Load"/> renews it in time.</summary>
    public static readonly TimeSpan SiloValidity = TimeSpan.FromDays(397);

    /// <summary>Makes a state directory.</summary>
    /// <param name="stateDirectory">Must not exist, or be empty.</param>
    /// <param name="name">The silo's name; see <see cref="NameRules"/>.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The installation's id: the pin of its root.</returns>
    /// <exception cref="SiloStartException">The directory is in use, can't be written, or the name breaks the rule.</exception>
    public static TenantId Create(string stateDirectory, string name, TimeProvider time) =>
        Create(stateDirectory, name, time, (directory, now) => WriteNew(directory, name, now));

    /// <summary>Makes the state directory of a further silo of an installation.</summary>
    /// <param name="stateDirectory">Must not exist, or be empty.</param>
    /// <param name="name">The silo's name, another than that of the first; see <see cref="NameRules"/>.</param>
    /// <param name="likeDirectory">The state directory of a silo of the installation, or a copy of it. Only read.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The installation's id.</returns>
    /// <exception cref="SiloStartException">The other directory is not usable, or as in <see cref="Create(string, string, TimeProvider)"/>.</exception>
    public static TenantId CreateLike(string stateDirectory, string name, string likeDirectory, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(likeDirectory);
        var like = Path.GetFullPath(likeDirectory);
        if (SiloState.ReadMarker(like).Name == name)
        {
            throw new SiloStartException($"The silo of {like} is called '{name}' already: a further silo of its installation needs another --name.");
        }

        return Create(stateDirectory, name, time, (directory, now) => WriteLike(directory, name, like, now));
    }

    private static TenantId Create(string stateDirectory, string name, TimeProvider time, Func<string, DateTimeOffset, TenantId> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(stateDirectory);
        ArgumentNullException.ThrowIfNull(time);
        if (!NameRules.IsName(name))
        {
            throw new SiloStartException(
                $"The silo name '{name}' is not a name: 1..{NameRules.MaxCharacters} characters of a-z 0-9 . _ -, the first a letter or digit.");
        }

        var directory = Path.GetFullPath(stateDirectory);
        try
        {
            RequireEmpty(directory);
            StateFiles.CreateDirectory(directory);
            StateFiles.Restrict(directory);
            return write(directory, time.GetUtcNow());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SiloStartException($"The state directory {directory} can't be written: {e.Message}", e);
        }
    }

    private static void RequireEmpty(string directory)
    {
        if (File.Exists(Path.Combine(directory, StateFiles.Marker)))
        {
            throw new SiloStartException(
                $"{directory} already holds an installation. Overwriting it would orphan every edge, node and device; choose another directory.");
        }

        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new SiloStartException(
                $"{directory} is not an empty directory and holds no {StateFiles.Marker}. If a set-up was interrupted there, remove it; else choose another directory.");
        }
    }

    private static TenantId WriteNew(string directory, string name, DateTimeOffset now)
    {
        using var authority = CertificateAuthority.Create($"uem installation {name}", now, RootValidity);
        WriteAuthority(directory, authority);
        WriteTenantTagKey(directory, RandomNumberGenerator.GetBytes(TenantTags.KeyBytes));
        IssueSilo(directory, authority, name, now);
        StateMarker.Write(directory, new StateMarker(StateMarker.SqliteVersion, name));
        return authority.Id;
    }

    // The keys of the installation, which every silo needs to let edges join and to check tenants' tags, and a certificate of its own.
    private static TenantId WriteLike(string directory, string name, string like, DateTimeOffset now)
    {
        using var authority = SiloState.ReadAuthority(like);
        WriteAuthority(directory, authority);
        WriteTenantTagKey(directory, SiloState.ReadTenantTagKey(like));
        IssueSilo(directory, authority, name, now);

        // Silos share a database: one that looked into a SQLite file of its own would find no tenant.
        StateMarker.Write(directory, new StateMarker(StateMarker.PostgresVersion, name));
        return authority.Id;
    }

    private static void WriteAuthority(string directory, CertificateAuthority authority)
    {
        StateFiles.Write(Path.Combine(directory, StateFiles.RootKey), authority.ExportKeyPem());
        StateFiles.Write(Path.Combine(directory, StateFiles.RootCertificate), authority.Root.ExportCertificatePem());
    }

    private static void WriteTenantTagKey(string directory, byte[] key) =>
        StateFiles.Write(Path.Combine(directory, StateFiles.TenantTagKey), Convert.ToHexStringLower(key) + "\n");

    /// <summary>Makes a key and a certificate for the silo.</summary>
    internal static void IssueSilo(string directory, CertificateAuthority authority, string name, DateTimeOffset now)
    {
        RequireInForce(authority.Root, now);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var publicKey = ECDsa.Create(key.ExportParameters(includePrivateParameters: false));
        var request = new PublicKey(publicKey);
        using var certificate = authority.Issue(request, PeerRole.Silo, name, now, SiloValidity);

        // One file for both, so that a crash between two renames can't leave a key and a certificate that don't belong together.
        StateFiles.Write(
            Path.Combine(directory, StateFiles.SiloCredentials), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private static void RequireInForce(X509Certificate2 root, DateTimeOffset now)
    {
        if (now < root.NotBefore || now > root.NotAfter)
        {
            throw new SiloStartException(string.Create(
                CultureInfo.InvariantCulture,
                $"The installation's CA is good from {root.NotBefore.ToUniversalTime():u} to {root.NotAfter.ToUniversalTime():u}, and this machine's clock says {now:u}. Set the clock; if it is right, a new installation is needed: uem silo init."));
        }
    }
}
