namespace OrleansUem.Transport;

/// <summary>A first-in-first-out ring of frames that grows and is re-used. Not thread-safe.</summary>
internal sealed class FrameRing
{
    private QueuedFrame[] _frames = new QueuedFrame[8];
    private int _head;

    public int Count { get; private set; }

    public ref readonly QueuedFrame First => ref _frames[_head];

    public void Add(in QueuedFrame frame)
    {
        if (Count == _frames.Length)
        {
            var larger = new QueuedFrame[_frames.Length * 2];
            var tail = _frames.Length - _head;
            Array.Copy(_frames, _head, larger, 0, tail);
            Array.Copy(_frames, 0, larger, tail, _head);
            _frames = larger;
            _head = 0;
        }

        _frames[(_head + Count) & (_frames.Length - 1)] = frame;
        Count++;
    }

    public QueuedFrame Take()
    {
        var frame = _frames[_head];
        _frames[_head] = default;
        _head = (_head + 1) & (_frames.Length - 1);
        Count--;
        return frame;
    }
}
