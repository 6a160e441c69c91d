namespace OrleansUem.Embedded.Runtime;

/// <summary>Requests of one shard with the same timeout, so that the first in is the first due.</summary>
internal sealed class TimeoutList(Lock shard, TimeSpan timeout)
{
    private Request? _last;

    internal Lock Shard { get; } = shard;

    internal TimeSpan Timeout { get; } = timeout;

    internal Request? First { get; private set; }

    internal void Add(Request request)
    {
        request.TimeoutList = this;
        request.PreviousTimeout = _last;
        request.NextTimeout = null;
        if (_last is null)
        {
            First = request;
        }
        else
        {
            _last.NextTimeout = request;
        }

        _last = request;
    }

    internal void Remove(Request request)
    {
        request.TimeoutList = null;
        if (request.PreviousTimeout is null)
        {
            First = request.NextTimeout;
        }
        else
        {
            request.PreviousTimeout.NextTimeout = request.NextTimeout;
        }

        if (request.NextTimeout is null)
        {
            _last = request.PreviousTimeout;
        }
        else
        {
            request.NextTimeout.PreviousTimeout = request.PreviousTimeout;
        }

        request.NextTimeout = null;
        request.PreviousTimeout = null;
    }
}
