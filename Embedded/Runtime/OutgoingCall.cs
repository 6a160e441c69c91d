using System.Reflection;

namespace OrleansUem.Embedded.Runtime;

/// <summary>One call on its way through the outgoing filters, on the caller's side.</summary>
internal sealed class OutgoingCall : IOutgoingGrainCallContext
{
    private readonly Request _request;
    private readonly Func<Task> _send;
    private readonly IOutgoingGrainCallFilter[] _filters;
    private int _stage;

    private OutgoingCall(Request request, Func<Task> send, IOutgoingGrainCallFilter[] filters)
    {
        _request = request;
        _send = send;
        _filters = filters;
        SourceContext = TaskScheduler.Current as Activation;
        request.SourceId = SourceContext?.GrainId;
        Grain = request.Target!.Host.Factory.CreateReference(request.Method.InterfaceType, request.Target);
    }

    public IInvokable Request => _request;

    public object Grain { get; }

    public GrainId? SourceId => _request.SourceId;

    public GrainId TargetId => _request.Target!.GrainId;

    public string InterfaceName => _request.GetInterfaceName();

    public string MethodName => _request.GetMethodName();

    public MethodInfo InterfaceMethod => _request.Method.InterfaceMethod;

    public object? Result { get; set; }

    public IGrainContext? SourceContext { get; }

    public async Task Invoke()
    {
        var stage = _stage++;
        if (stage < _filters.Length)
        {
            await _filters[stage].Invoke(this);
            return;
        }

        var task = _send();
        await task;
        Result = _request.Method.IsOneWay ? null : _request.ResultOf(task);
    }

    internal static async Task<TResult> Run<TResult>(Request request, Func<Task> send, IOutgoingGrainCallFilter[] filters)
    {
        var call = new OutgoingCall(request, send, filters);
        await call.Invoke();
        return call.Result is TResult result ? result : default!;
    }
}
