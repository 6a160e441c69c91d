using System.Security.Cryptography;
using System.Text.Json;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// The key pair and request of an activation whose answer has not come yet. On disk before the request is sent: when the answer is lost, the
/// same request is sent again, and the node gives the same answer instead of taking it for a second device.
/// </summary>
internal sealed class PendingActivation : IDisposable
{
    private const string FileName = "pending.json";

    private PendingActivation(ECDsa key, byte[] csr)
    {
        Key = key;
        Csr = csr;
    }

    public ECDsa Key { get; }

    public byte[] Csr { get; }

    /// <summary>Takes up the activation where it stands, or begins it with a key pair made here.</summary>
    public static PendingActivation TakeUp(StateDirectory files, EnrolmentUri activation)
    {
        var pending = ReadDocument(files);
        if (pending is not null && pending.Activation == activation.Id && TryLoad(files, pending) is { } begun)
        {
            return begun;
        }

        Discard(files);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = SigningRequest.Create(key);
        var document = new Document(activation.Id, AgentState.StoreKey(files, key), Convert.ToBase64String(csr));
        files.Write(FileName, JsonSerializer.Serialize(document) + "\n");
        return new PendingActivation(key, csr);
    }

    /// <summary>The enrolment is stored: the key stays, the note goes.</summary>
    public static void Finish(StateDirectory files) => files.Delete(FileName);

    public void Dispose() => Key.Dispose();

    private static PendingActivation? TryLoad(StateDirectory files, Document pending)
    {
        try
        {
            return files.Has(pending.KeyFile)
                ? new PendingActivation(PrivateKeyPem.Load(files.ReadSecret(pending.KeyFile)), Convert.FromBase64String(pending.Csr))
                : null;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            // Damaged; a fresh request takes its place.
            return null;
        }
    }

    private static void Discard(StateDirectory files)
    {
        if (ReadDocument(files) is { } old)
        {
            files.Delete(FileName);
            files.Delete(old.KeyFile);
        }
    }

    private static Document? ReadDocument(StateDirectory files)
    {
        if (!files.Has(FileName))
        {
            return null;
        }

        try
        {
            var document = JsonSerializer.Deserialize<Document>(files.Read(FileName), StateJson.Strict);
            return document is not null && AgentState.IsKeyFile(document.KeyFile) ? document : null;
        }
        catch (JsonException)
        {
            // Not written by this program; a fresh request takes its place.
            return null;
        }
    }

    private sealed record Document(string Activation, string KeyFile, string Csr);
}
