namespace OrleansUem.Dtls.Records;

/// <summary>
/// Which sequence numbers have been seen (RFC 6347 §4.1.2.6), as a ring of words like RFC 6479's: moving ahead clears the words that are passed, nothing is ever shifted. 512 bytes.
/// </summary>
internal struct ReplayWindow
{
    private const int Words = 64;
    private const int WordBits = 64;

    private readonly ulong[] _seen = new ulong[Words];
    private ulong _highestWord;

    public ReplayWindow()
    {
    }

    /// <summary>The highest sequence number that was seen; 0 as well when none was.</summary>
    public ulong Highest { get; private set; }

    /// <summary>Whether a record of this number may be new: not seen, and not below the window. Changes nothing, since nothing is authenticated yet.</summary>
    public readonly bool MayBeNew(ulong sequence)
    {
        var word = sequence / WordBits;
        if (word > _highestWord)
        {
            return true;
        }

        return word + Words > _highestWord && (_seen[word % Words] & Bit(sequence)) == 0;
    }

    /// <summary>Notes an authenticated record for which <see cref="MayBeNew"/> was true.</summary>
    public void Note(ulong sequence)
    {
        var word = sequence / WordBits;
        if (word > _highestWord)
        {
            if (word - _highestWord >= Words)
            {
                _seen.AsSpan().Clear();
            }
            else
            {
                for (var passed = _highestWord + 1; passed <= word; passed++)
                {
                    _seen[passed % Words] = 0;
                }
            }

            _highestWord = word;
        }

        _seen[word % Words] |= Bit(sequence);
        Highest = Math.Max(Highest, sequence);
    }

    private static ulong Bit(ulong sequence) => 1UL << (int)(sequence % WordBits);
}
