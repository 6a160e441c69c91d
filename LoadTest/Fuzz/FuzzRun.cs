using OrleansUem.LoadTest.Fuzz.Shapes;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>
/// Feeds a target its corpus, then mutants of it. Input <c>i</c> of a seed is the same on every machine as long as the corpus and what the parser accepts are: accepted mutants become
/// parents of later ones, so that mutants drift away from the corpus instead of circling round it.
/// </summary>
internal sealed class FuzzRun : IDisposable
{
    private const int MaxSteps = 6;
    private const int MaxGrown = 512;

    // A parser answers in microseconds. Far above a pause of the machine, and asked three times; below it a flood of such inputs would stop an edge.
    private static readonly TimeSpan TooSlow = TimeSpan.FromMilliseconds(500);

    private readonly FuzzTarget _target;
    private readonly ulong _seed;
    private readonly FuzzParser _parser;
    private readonly Action<byte[]>? _onInput;
    private readonly List<byte[]> _parents = [];
    private readonly int _givenCount;
    private int _grown;

    /// <summary>Opens the target.</summary>
    /// <param name="target">Which.</param>
    /// <param name="seed">Of the mutations.</param>
    /// <param name="onInput">Sees each input before the parser does: a crash of native code leaves nothing else.</param>
    public FuzzRun(FuzzTarget target, ulong seed, Action<byte[]>? onInput = null)
    {
        _target = target;
        _seed = seed;
        _onInput = onInput;
        _parser = target.Open();
        _parents.AddRange(FuzzCorpus.Read(target.Corpus).Select(input => input.Bytes));
        _parents.AddRange(_parser.Seeds);
        if (_parents.Count == 0)
        {
            _parents.Add([]);
        }

        _givenCount = _parents.Count;
    }

    /// <summary>How many inputs stand at the beginning, unchanged.</summary>
    public int GivenCount => _givenCount;

    /// <summary>Feeds inputs until one breaks a promise.</summary>
    public FuzzReport Feed(long count, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        long accepted = 0;
        long fed = 0;
        long mostBytes = 0;
        var slowest = TimeSpan.Zero;
        FuzzFailure? failure = null;
        for (; fed < count && failure is null && !cancellationToken.IsCancellationRequested; fed++)
        {
            var input = fed < _givenCount ? _parents[(int)fed] : Mutant(FuzzRandom.ForInput(_seed, fed));
            failure = Try(input, out var isAccepted, out var took, out var bytes);
            accepted += isAccepted ? 1 : 0;
            slowest = took > slowest ? took : slowest;
            mostBytes = Math.Max(mostBytes, bytes);
            if (isAccepted && fed >= _givenCount)
            {
                Keep(input);
            }
        }

        return new FuzzReport(_target.Name, fed, accepted, TimeProvider.System.GetElapsedTime(start), slowest, mostBytes, failure);
    }

    /// <summary>Feeds one input.</summary>
    /// <returns>Null when every promise held.</returns>
    public FuzzFailure? Try(byte[] input, out bool isAccepted, out TimeSpan took, out long allocatedBytes)
    {
        var allowed = _target.MaxAllocatedBytes + (512L * input.Length);
        (isAccepted, took, allocatedBytes) = (false, default, 0);

        // The first time may have to compile the parser or fill a pool: only what happens three times is the input's. The machine may do something else meanwhile for as long as it likes: what seems slow is measured again by the
        // thread's own time.
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = TimeProvider.System.GetTimestamp();
            var ranBefore = attempt == 0 ? null : ThreadTime.Read();
            try
            {
                _onInput?.Invoke(input);
                isAccepted = _parser.Take(input);
            }
            catch (Exception e)
            {
                return new FuzzFailure(_target.Name, input, e.ToString());
            }

            took = ThreadTime.Read(ranBefore) is { } ran ? ran : TimeProvider.System.GetElapsedTime(start);
            allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (took < TooSlow && allocatedBytes <= allowed)
            {
                return null;
            }
        }

        return new FuzzFailure(_target.Name, input, $"took {took.TotalMilliseconds:F0} ms and {allocatedBytes} bytes of memory three times; allowed are {TooSlow.TotalMilliseconds:F0} ms and {allowed} bytes.");
    }

    /// <inheritdoc/>
    public void Dispose() => _parser.Dispose();

    private byte[] Mutant(FuzzRandom random)
    {
        var input = _parents[random.Next(_parents.Count)];
        if (random.Once(16))
        {
            var other = _parents[random.Next(_parents.Count)];
            var (head, tail) = (random.Next(input.Length + 1), random.Next(other.Length + 1));
            input = [.. input.AsSpan(0, head), .. other.AsSpan(tail, Math.Min(other.Length - tail, Math.Max(0, FuzzShape.MaxBytes - head)))];
        }

        for (var step = 0; step < MaxSteps && (step == 0 || random.Once(2)); step++)
        {
            input = _target.Shape.Mutate(input, random);
        }

        return input;
    }

    private void Keep(byte[] input)
    {
        if (_parents.Count < _givenCount + MaxGrown)
        {
            _parents.Add(input);
        }
        else
        {
            _parents[_givenCount + (_grown++ % MaxGrown)] = input;
        }
    }
}
