using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Control;

namespace OrleansUem.Silo.Control;

/// <summary>
/// A control link as its edge grain sees it: takes requests and returns at once; the answer goes back by <see cref="IEdgeGrain.AnswerAsync"/>. Requests
/// that come before LinkStarted wait, at most <see cref="ControlLinkLimits.MaxOutstanding"/>; after it the link's own bound counts.
/// </summary>
/// <param name="link">The link.</param>
/// <param name="edge">The edge's grain.</param>
/// <param name="onFault">Gets failed grain calls.</param>
internal sealed class EdgeLinkObserver(ControlLink link, IEdgeGrain edge, Action<Exception> onFault) : IEdgeLink
{
    private readonly Lock _gate = new();
    private Queue<(ulong Id, ControlRequest Request)>? _early = [];
    private ulong _lastCut;

    /// <summary>The last cut that the edge applied.</summary>
    public ulong LastCut => Volatile.Read(ref _lastCut);

    /// <inheritdoc/>
    public Task AskAsync(EdgeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ControlRequest parsed;
        try
        {
            parsed = ControlRequest.Parser.ParseFrom(request.Body.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            // A fault of ours in the edge grain.
            onFault(e);
            _ = AnswerAsync(request.RequestId, new ControlRefusal(Reason.InternalError, "").ToAnswer());
            return Task.CompletedTask;
        }

        lock (_gate)
        {
            if (_early is not null && _early.Count < ControlLinkLimits.MaxOutstanding)
            {
                _early.Enqueue((request.RequestId, parsed));
                return Task.CompletedTask;
            }

            if (_early is not null)
            {
                _ = AnswerAsync(request.RequestId, new ControlRefusal(Reason.Overloaded, "").ToAnswer());
                return Task.CompletedTask;
            }

            Send(request.RequestId, parsed);
        }

        return Task.CompletedTask;
    }

    /// <summary>LinkStarted is on its way: what waited follows it.</summary>
    /// <param name="lastCut">The cut that the edge has reached with it.</param>
    public void Start(ulong lastCut)
    {
        lock (_gate)
        {
            Applied(lastCut);
            while (_early?.TryDequeue(out var waiting) == true)
            {
                Send(waiting.Id, waiting.Request);
            }

            _early = null;
        }
    }

    /// <summary>The edge applied the cuts up to this one.</summary>
    /// <param name="sequence">The cut; 0 for an order that is no cut of the ledger.</param>
    public void Applied(ulong sequence)
    {
        lock (_gate)
        {
            _lastCut = Math.Max(_lastCut, sequence);
        }
    }

    // Under the gate, so that requests keep the order in which they came.
    private void Send(ulong id, ControlRequest request) => _ = CompleteAsync(id, request, link.RequestAsync(request));

    private async Task CompleteAsync(ulong id, ControlRequest request, Task<ControlAnswer> waiting)
    {
        var answer = await waiting;
        if (answer.Reason == 0 && request.BodyCase == ControlRequest.BodyOneofCase.Cut)
        {
            Applied(request.Cut.Sequence);
        }

        await AnswerAsync(id, answer);
    }

    private async Task AnswerAsync(ulong id, ControlAnswer answer)
    {
        try
        {
            await edge.AnswerAsync(new EdgeAnswer
            {
                RequestId = id,
                Reason = ReasonText.FromWire(answer.Reason),
                Detail = answer.Detail,
                Body = answer.ToByteArray(),
            });
        }
        catch (Exception e)
        {
            // The edge grain is not reachable, or the silo stops. Its own time-out ends the wait.
            onFault(e);
        }
    }
}
