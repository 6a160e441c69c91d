using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Edges;

/// <summary>
/// The requests that wait for one edge, at most <see cref="MaxOutstanding"/>. A request whose link dies goes to another one: requests are
/// idempotent in the edge. Runs in turns of the edge grain only.
/// </summary>
internal sealed class EdgeRequests(EdgeLinks links, TimeProvider time)
{
    /// <summary>Protocol/README.md, Control links.</summary>
    internal const int MaxOutstanding = 4_096;

    private readonly Dictionary<ulong, Pending> _pending = [];
    private ulong _lastId;

    internal int Count => _pending.Count;

    internal async Task<EdgeAnswer> AskAsync(EdgeQuestion question)
    {
        if (_pending.Count >= MaxOutstanding)
        {
            return new EdgeAnswer { Reason = Reason.Overloaded, Detail = "Too many requests wait for the edge." };
        }

        var pending = new Pending(new EdgeRequest { RequestId = ++_lastId, Body = question.Body, IsUrgent = question.IsUrgent });
        _pending.Add(_lastId, pending);
        Send(pending);
        try
        {
            return await pending.Answer.Task.WaitAsync(TimeSpan.FromMilliseconds(question.TimeoutMs), time);
        }
        catch (TimeoutException)
        {
            return new EdgeAnswer { Reason = Reason.ControlTimeout, Detail = "The edge did not answer in time." };
        }
        finally
        {
            _pending.Remove(pending.Request.RequestId);
        }
    }

    internal void Answer(EdgeAnswer answer)
    {
        if (_pending.TryGetValue(answer.RequestId, out var pending))
        {
            pending.Answer.TrySetResult(answer);
        }
    }

    /// <summary>A link is gone: its requests move.</summary>
    internal void Move(string linkId)
    {
        foreach (var pending in _pending.Values.Where(pending => pending.LinkId == linkId).ToArray())
        {
            Send(pending);
        }
    }

    private void Send(Pending pending)
    {
        if (links.Pick(time.GetUtcNow()) is not { } picked)
        {
            pending.Answer.TrySetResult(new EdgeAnswer { Reason = Reason.NoSilo, Detail = "No silo has a link to the edge." });
            return;
        }

        pending.LinkId = picked.LinkId;
        SendAsync(picked.LinkId, picked.Link, pending).Ignore();
    }

    private async Task SendAsync(string linkId, IEdgeLink link, Pending pending)
    {
        try
        {
            await link.AskAsync(pending.Request);
        }
        catch (Exception) when (!pending.Answer.Task.IsCompleted)
        {
            // The observer's silo is gone, or its link was collected.
            links.Remove(linkId);
            Move(linkId);
        }
        catch (Exception)
        {
            // Answered or given up meanwhile; the next request finds out about the link.
        }
    }

    private sealed class Pending(EdgeRequest request)
    {
        internal EdgeRequest Request { get; } = request;

        internal string LinkId { get; set; } = "";

        internal TaskCompletionSource<EdgeAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
