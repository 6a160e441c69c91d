using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Edge.State;

/// <summary>
/// What an edge keeps on disk: <c>edge.crt</c>, <c>edge.key</c> (PKCS#8) and <c>installation.crt</c>, PEM each. Directory 0700, files 0600, each
/// written whole to a temporary file, flushed to the disk and renamed.
/// </summary>
public static class EdgeState
{
    /// <summary>Arbitrary: a month of notice for who restarts an edge now and then.</summary>
    private static readonly TimeSpan RenewalMargin = TimeSpan.FromDays(30);

    private const string CertificateFile = "edge.crt";
    private const string KeyFile = "edge.key";
    private const string RootFile = "installation.crt";

    /// <summary>Whether the directory holds an edge's state.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, CertificateFile));

    /// <summary>Loads the credentials.</summary>
    /// <param name="directory">The state directory.</param>
    /// <returns>The edge's credentials; the caller disposes them.</returns>
    /// <exception cref="InvalidOperationException">Nothing is there, or it does not fit together; the text says what to do.</exception>
    public static PeerCredentials Load(string directory)
    {
        if (!Exists(directory))
        {
            throw new InvalidOperationException(
                File.Exists(directory) ? $"{directory} is a file; --state takes a directory."
                : File.Exists(Path.Combine(directory, "silo.json")) ? $"{directory} is the state of a silo, not of an edge. Name another directory with --state."
                : File.Exists(Path.Combine(directory, "agent.json")) ? $"{directory} is the state of a node or device, not of an edge. Name another directory with --state."
                : $"{directory} holds no edge: {CertificateFile} is missing. Get it with 'uem edge join TOKEN --state {directory}', TOKEN from 'uem admin edge-token'.");
        }

        try
        {
            var credentials = PeerCredentials.Load(Read(directory, CertificateFile), Read(directory, KeyFile), Read(directory, RootFile));
            if (credentials.Identity.Role != PeerRole.Edge)
            {
                credentials.Dispose();
                throw new CryptographicException("The certificate is not an edge's.");
            }

            return credentials;
        }
        catch (Exception e) when (e is CryptographicException or IOException or ArgumentException)
        {
            throw new InvalidOperationException($"The edge in '{directory}' can't be loaded: {e.Message}", e);
        }
    }

    /// <summary>Whether the certificate is over, or will be within a month: then the edge may join again in the same directory.</summary>
    /// <param name="directory">A directory that holds an edge.</param>
    /// <param name="now">The clock.</param>
    public static bool IsToBeRenewed(string directory, DateTimeOffset now)
    {
        using var credentials = Load(directory);
        return now > credentials.Certificate.NotAfter - RenewalMargin;
    }

    /// <summary>The key of an edge that is there already; null: there is none.</summary>
    internal static ECDsa? FindKey(string directory)
    {
        if (!Exists(directory))
        {
            return null;
        }

        using var credentials = Load(directory);
        return credentials.Certificate.GetECDsaPrivateKey();
    }

    /// <summary>Refuses a certificate that no silo would take.</summary>
    /// <exception cref="InvalidOperationException">It is over, or begins later; the text says what to do.</exception>
    internal static void RequireInForce(PeerCredentials credentials, string directory, DateTimeOffset now)
    {
        var (from, to) = (credentials.Certificate.NotBefore.ToUniversalTime(), credentials.Certificate.NotAfter.ToUniversalTime());
        if (now < from || now > to)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The certificate of the edge in {directory} is good from {from:u} to {to:u}, and this machine's clock says {now:u}. Set the clock; if it is right, join again: uem edge join TOKEN --state {directory}, TOKEN from 'uem admin edge-token'."));
        }
    }

    /// <summary>Stores credentials; key and root first, so that a certificate never stands without them.</summary>
    public static void Save(string directory, string certificatePem, string keyPem, string rootPem)
    {
        CreateDirectory(directory);
        Write(directory, KeyFile, keyPem);
        Write(directory, RootFile, rootPem);
        Write(directory, CertificateFile, certificatePem);
    }

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string Read(string directory, string file) => File.ReadAllText(Path.Combine(directory, file));

    private static void Write(string directory, string file, string text)
    {
        var path = Path.Combine(directory, file);
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
