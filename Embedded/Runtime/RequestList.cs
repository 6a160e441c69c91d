namespace OrleansUem.Embedded.Runtime;

/// <summary>Waiting requests as an intrusive list: removal from the middle costs nothing.</summary>
internal sealed class RequestList
{
    private Request? _last;

    internal Request? First { get; private set; }

    internal int Count { get; private set; }

    internal int ReadOnlyCount { get; private set; }

    internal void Add(Request request)
    {
        request.Previous = _last;
        request.Next = null;
        if (_last is null)
        {
            First = request;
        }
        else
        {
            _last.Next = request;
        }

        _last = request;
        Count++;
        ReadOnlyCount += request.Method.IsReadOnly ? 1 : 0;
    }

    internal void Remove(Request request)
    {
        if (request.Previous is null)
        {
            First = request.Next;
        }
        else
        {
            request.Previous.Next = request.Next;
        }

        if (request.Next is null)
        {
            _last = request.Previous;
        }
        else
        {
            request.Next.Previous = request.Previous;
        }

        request.Next = null;
        request.Previous = null;
        Count--;
        ReadOnlyCount -= request.Method.IsReadOnly ? 1 : 0;
    }
}
