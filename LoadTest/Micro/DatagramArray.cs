using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Micro;

/// <summary>Datagrams end to end in one array, so that taking them costs a copy and nothing else.</summary>
internal sealed class DatagramArray : IDtlsOutput
{
    private readonly List<int> _ends = new(64);
    private byte[] _bytes = new byte[4_096];

    public int Count => _ends.Count;

    public Span<byte> this[int index] => _bytes.AsSpan((index == 0 ? 0 : _ends[index - 1]).._ends[index]);

    public void Send(ReadOnlySpan<byte> datagram)
    {
        datagram.CopyTo(Begin(datagram.Length));
        Commit(datagram.Length);
    }

    /// <summary>Room for a datagram that is written in place.</summary>
    public Span<byte> Begin(int bytes)
    {
        var start = _ends.Count == 0 ? 0 : _ends[^1];
        if (start + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, start + bytes));
        }

        return _bytes.AsSpan(start, bytes);
    }

    public void Commit(int bytes) => _ends.Add((_ends.Count == 0 ? 0 : _ends[^1]) + bytes);

    public void Clear() => _ends.Clear();

    public void Release() => _bytes = [];
}
