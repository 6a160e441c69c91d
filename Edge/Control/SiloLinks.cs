using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Control;

namespace OrleansUem.Edge.Control;

/// <summary>The links that are up. A request goes over any of them, in turn; when its link breaks under it, once more over another. Thread-safe.</summary>
internal sealed class SiloLinks
{
    private readonly Lock _lock = new();
    private ControlLink[] _linked = [];
    private TaskCompletionSource _available = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _next;

    public bool IsLinked => Volatile.Read(ref _linked).Length > 0;

    /// <summary>A link finished its start: cuts are applied, requests may use it.</summary>
    public void Add(ControlLink link)
    {
        lock (_lock)
        {
            Volatile.Write(ref _linked, [.. _linked, link]);
            _available.TrySetResult();
        }
    }

    public void Remove(ControlLink link)
    {
        lock (_lock)
        {
            Volatile.Write(ref _linked, [.. _linked.Where(other => other != link)]);
            if (_linked.Length == 0 && _available.Task.IsCompleted)
            {
                _available = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Waits until there is a link.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _available.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Asks a silo.</summary>
    /// <param name="request">The request; copied for a second try.</param>
    /// <param name="timeout">Null: the control link's default.</param>
    /// <returns>The answer; its reason is NoSilo, ControlTimeout, Overloaded or that of a link's end when no silo answered.</returns>
    public async Task<ControlAnswer> RequestAsync(ControlRequest request, TimeSpan? timeout = null)
    {
        var tried = Pick(null);
        if (tried is null)
        {
            return ControlBodies.Refusal(Reason.NoSilo);
        }

        var answer = await tried.RequestAsync(request, timeout);
        if (!IsBroken(answer))
        {
            return answer;
        }

        if (Pick(tried) is not { } other)
        {
            return ControlBodies.Refusal(Reason.NoSilo, "The link to the silo broke.");
        }

        var again = request.Clone();
        again.Id = 0;
        var second = await other.RequestAsync(again, timeout);
        return IsBroken(second) ? ControlBodies.Refusal(Reason.NoSilo, "The links to the silos broke.") : second;
    }

    // An answer without an id was made here; of those, all but these mean that the link is over.
    private static bool IsBroken(ControlAnswer answer) =>
        answer.Id == 0
        && ReasonText.FromWire(answer.Reason) is not (Reason.Overloaded or Reason.ControlTimeout or Reason.FrameTooLong or Reason.UnexpectedFrame);

    private ControlLink? Pick(ControlLink? except)
    {
        var linked = Volatile.Read(ref _linked);
        for (var i = 0; i < linked.Length; i++)
        {
            var link = linked[(int)(Interlocked.Increment(ref _next) % (uint)linked.Length)];
            if (link != except && link.IsLinked)
            {
                return link;
            }
        }

        return null;
    }
}
