namespace OrleansUem.Embedded.Runtime;

/// <summary>What the owner of the turn does next. All of it runs under the activation's lock.</summary>
internal sealed partial class Activation
{
    private bool HasWorkLocked() => _mailbox is { } mailbox
        && (mailbox.Ready.Count > 0 || IsTransitionDueLocked() || (mailbox.MustRecheck && IsActiveForCalls && mailbox.Waiting.Count > 0));

    private bool IsActiveForCalls => _lifecycle == Lifecycle.Active && !IsEnding;

    // Picks what the owner of the turn does next: an admitted request, a task, or an action on this activation.
    private object? NextLocked()
    {
        var mailbox = _mailbox;
        if (mailbox is null)
        {
            return null;
        }

        if (IsTransitionDueLocked())
        {
            return TakeTransitionLocked();
        }

        if (mailbox.MustRecheck && IsActiveForCalls)
        {
            var next = mailbox.Waiting.Count == 0 ? null : TakeWaitingLocked(mailbox);
            if (next is not null)
            {
                return next;
            }

            mailbox.MustRecheck = false;
        }

        while (mailbox.Ready.TryDequeue(out var work))
        {
            if (work is not Request request)
            {
                return work;
            }

            if (IsActiveForCalls && MayRun(mailbox, request))
            {
                mailbox.Queued--;
                if (!request.IsDone)
                {
                    AdmitLocked(mailbox, request);
                    return request;
                }
            }
            else
            {
                mailbox.Waiting.Add(request);
                if (IsTransitionDueLocked())
                {
                    return TakeTransitionLocked();
                }
            }
        }

        return null;
    }

    private Request? TakeWaitingLocked(Mailbox mailbox)
    {
        // While a call blocks, only those that may interleave are looked for.
        if (mailbox.Blocking is { } blocking && mailbox.RunningCount > 0 && !Class.MayInterleaveAny
            && !(blocking.Method.IsReadOnly && mailbox.Waiting.ReadOnlyCount > 0))
        {
            return null;
        }

        for (var request = mailbox.Waiting.First; request is not null;)
        {
            var next = request.Next;
            if (request.IsDone)
            {
                mailbox.Waiting.Remove(request);
                mailbox.Queued--;
            }
            else if (MayRun(mailbox, request))
            {
                mailbox.Waiting.Remove(request);
                mailbox.Queued--;
                AdmitLocked(mailbox, request);
                return request;
            }

            request = next;
        }

        return null;
    }

    // Orleans' rule: a call is blocked only by the one that was admitted while nothing else blocked.
    private bool MayRun(Mailbox mailbox, Request request) =>
        mailbox.RunningCount == 0
        || mailbox.Blocking is not { } blocking
        || request.Method.IsAlwaysInterleave
        || (blocking.Method.IsReadOnly && request.Method.IsReadOnly)
        || Class.MayInterleave(request);

    private static void AdmitLocked(Mailbox mailbox, Request request)
    {
        mailbox.RunningCount++;
        if (mailbox.Blocking is null && !request.Method.IsAlwaysInterleave)
        {
            mailbox.Blocking = request;
        }
    }
}
