using System.Globalization;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// The attach generations of this state directory. The file names the last one reserved and is written ahead in blocks: an attach
/// costs a disk write only when a block is used up, and after kill -9 the rest of a block is skipped, never used again. Safe from any thread.
/// </summary>
public sealed class GenerationStore
{
    /// <summary>Generations reserved with one write. Arbitrary: a peer that reconnects every 30 s writes twice an hour.</summary>
    public const int BlockCount = 64;

    private const string FileName = "generation";

    private readonly StateDirectory _directory;
    private readonly Lock _gate = new();
    private ulong _last;
    private ulong _reserved;

    internal GenerationStore(StateDirectory directory)
    {
        _directory = directory;
        if (directory.Has(FileName))
        {
            var text = directory.Read(FileName).Trim();
            if (!Digits.TryParse(text, long.MaxValue, out _reserved))
            {
                throw new AgentStateException(
                    $"{directory.PathOf(FileName)} does not hold a number. Delete it: the count then starts over at the current time.");
            }
        }

        _last = _reserved;
    }

    /// <summary>Takes the next generation; it is on disk as reserved when this returns.</summary>
    /// <param name="now">The clock.</param>
    /// <returns>Above every one taken before from this directory.</returns>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public ulong Take(DateTimeOffset now)
    {
        lock (_gate)
        {
            var next = GenerationRules.Next(_last, now);
            if (next > _reserved)
            {
                var reserved = next + BlockCount - 1;
                _directory.Write(FileName, reserved.ToString(CultureInfo.InvariantCulture) + "\n");
                _reserved = reserved;
            }

            _last = next;
            return next;
        }
    }

    /// <summary>Goes on above the last generation that the installation accepted, as StaleGeneration tells it.</summary>
    /// <param name="told">Any number.</param>
    /// <param name="now">The clock.</param>
    public void Raise(ulong told, DateTimeOffset now)
    {
        lock (_gate)
        {
            _last = GenerationRules.Raise(_last, told, now);
        }
    }
}
