using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Where the calls of a reference go: a grain or an observer.</summary>
public sealed class CallTarget
{
    private const GrainMethodTraits NeverInline = GrainMethodTraits.OneWay | GrainMethodTraits.Cancellable;

    private readonly GrainClass _class;
    private readonly string _key;
    private Activation? _activation;

    internal CallTarget(GrainClass grainClass, string key, Activation? activation = null)
    {
        _class = grainClass;
        _key = key;
        _activation = activation;
    }

    internal GrainId GrainId => new(_class.GrainType, IdSpan.Create(_key));

    internal ActorHost Host => _class.Host;

    internal GrainClass Class => _class;

    internal int KeyHash => _key.GetHashCode(StringComparison.Ordinal);

    internal bool IsSame(CallTarget other) => ReferenceEquals(_class, other._class) && _key == other._key;

    internal Task Call<TCall, TResult>(GrainMethod method, ref TCall call)
        where TCall : struct, IGrainCall
    {
        var host = _class.Host;
        if (!host.IsServing)
        {
            return Task.FromException<TResult>(host.Unavailable());
        }

        if ((method.Traits & GrainMethodTraits.CopiesArguments) != 0 || host.CopiesAlways)
        {
            try
            {
                call.CopyArguments(host.Copier);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or NotSupportedException or InvalidOperationException)
            {
                return Task.FromException<TResult>(e);
            }
        }

        if (_class.MayInline && (method.Traits & NeverInline) == 0)
        {
            var activation = Resolve();
            var lane = InlineLane.Current;
            if (activation.TryEnter(method, lane))
            {
                return activation.RunInline<TCall, TResult>(this, method, ref call, lane);
            }
        }

        return CallQueued<TCall, TResult>(host, method, ref call);
    }

    /// <summary>The activation that serves the next call; it may be one that is still to be activated.</summary>
    internal Activation Resolve()
    {
        var activation = _activation;
        if (activation is null || activation.IsDead)
        {
            activation = _class.Resolve(_key);
            if (_class.CachesActivations)
            {
                _activation = activation;
            }
        }

        return activation;
    }

    /// <summary>Gives a request to an activation, a new one when the last has ended.</summary>
    internal void Dispatch(Request request)
    {
        while (!Resolve().TryPost(request))
        {
            if (!Host.IsServing)
            {
                request.TryFail(Host.Unavailable());
                return;
            }
        }
    }

    private Task CallQueued<TCall, TResult>(ActorHost host, GrainMethod method, ref TCall call)
        where TCall : struct, IGrainCall
    {
        var request = new Request<TCall, TResult>(this, method, ref call);
        return host.OutgoingFilters.Length == 0
            ? request.Send()
            : OutgoingCall.Run<TResult>(request, request.Send, host.OutgoingFilters);
    }
}
