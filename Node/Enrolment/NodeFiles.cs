using System.Text;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Node.Enrolment;

/// <summary>
/// What a node keeps in its state directory beside the agent's files:
/// <code>
/// tenant-root.pem   the tenant's root
/// tenant-key.pem    its private key; whoever has it is the tenant
/// activations/      one file for each activation: secret, attempts, the answer
/// issued            a line for each certificate, appended before the certificate leaves
/// revoked           a line for each certificate that is cut off
/// addresses.json    device to address
/// </code>
/// </summary>
internal static class NodeFiles
{
    public const string TenantRoot = "tenant-root.pem";
    public const string TenantKey = "tenant-key.pem";
    public const string Issued = "issued";
    public const string Revoked = "revoked";

    // The ledgers grow by 150 bytes a certificate; what is longer than 64 MB is none of ours.
    private const long MaxLedgerBytes = 64L << 20;

    public static StateDirectory Activations(StateDirectory files) => new(files.PathOf("activations"));

    /// <exception cref="AgentStateException">The directory has no tenant, or its files are damaged.</exception>
    public static CertificateAuthority LoadAuthority(StateDirectory files)
    {
        if (!files.Has(TenantRoot) || !files.Has(TenantKey))
        {
            throw new AgentStateException(
                $"{files.Path} holds no tenant. Ask the relay's operator for an invitation and run: uem node init URI --state DIR --name NAME");
        }

        try
        {
            return CertificateAuthority.Load(files.Read(TenantRoot), files.ReadSecret(TenantKey));
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw new AgentStateException($"The tenant's root in {files.Path} is damaged: {e.Message} Restore both files from a backup.", e);
        }
    }

    /// <summary>Appends lines; on disk when this returns. Several processes may append.</summary>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public static void Append(StateDirectory files, string name, IEnumerable<string> lines)
    {
        var path = files.PathOf(name);
        try
        {
            // The line end before keeps a line that a crash cut off alone on its line; readers skip empty lines.
            AppendedFile.Append(path, Encoding.UTF8.GetBytes("\n" + string.Join('\n', lines) + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"{path} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Reads the words of each line; empty when there is no such file.</summary>
    /// <exception cref="AgentStateException">It can't be read.</exception>
    public static IEnumerable<string[]> ReadLines(StateDirectory files, string name)
    {
        var path = files.PathOf(name);
        try
        {
            var file = new FileInfo(path);
            return !file.Exists ? []
                : file.Length > MaxLedgerBytes ? throw new AgentStateException($"{path} has more than {MaxLedgerBytes} bytes: it is no file of this program.")
                : [.. File.ReadAllLines(path).Where(line => line.Length > 0).Select(line => line.Split(' '))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"{path} can't be read: {e.Message}", e);
        }
    }
}
