using System.Text.Json;
using OrleansUem.Agent.Identity;

namespace OrleansUem.Node.Enrolment;

/// <summary>The activations, one file each, so that the command line can add one while the node runs.</summary>
internal sealed class ActivationStore
{
    /// <summary>Files that are kept after their end, so that a late attempt learns why; then they are deleted.</summary>
    private static readonly TimeSpan KeptAfterEnd = TimeSpan.FromDays(7);

    private const int IdCharacters = 22;

    private readonly StateDirectory _files;

    public ActivationStore(StateDirectory node) => _files = NodeFiles.Activations(node);

    /// <summary>Finds one by what a stranger sent.</summary>
    /// <returns>Null when there is none, or the id is not of the form of one.</returns>
    /// <exception cref="AgentStateException">Its file can't be read or is damaged.</exception>
    public Activation? Find(string id)
    {
        if (!IsId(id) || !_files.Has(FileOf(id)))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Activation>(_files.ReadSecret(FileOf(id)), StateJson.Strict);
        }
        catch (JsonException e)
        {
            throw new AgentStateException($"{_files.PathOf(FileOf(id))} is damaged: {e.Message} Delete it and make a new activation.", e);
        }
    }

    /// <exception cref="AgentStateException">It can't be written.</exception>
    public void Put(Activation activation)
    {
        _files.Create();
        _files.Write(FileOf(activation.Id), JsonSerializer.Serialize(activation) + "\n");
    }

    /// <summary>Deletes the activations that are long over, and the unused ones of a device.</summary>
    /// <exception cref="AgentStateException">A file can't be deleted.</exception>
    public void Clean(DateTimeOffset now, string? voidedDevice = null)
    {
        if (!Directory.Exists(_files.Path))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(_files.Path, "*.json"))
        {
            if (Find(Path.GetFileNameWithoutExtension(path)) is { } activation
                && (now > activation.ExpiresAt + KeptAfterEnd || (activation.UsedFor is null && activation.Device == voidedDevice)))
            {
                _files.Delete(FileOf(activation.Id));
            }
        }
    }

    // 16 bytes of base64url without padding; checked before it becomes a part of a path.
    private static bool IsId(string id) => id.Length == IdCharacters && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static string FileOf(string id) => id + ".json";
}
