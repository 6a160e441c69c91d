using System.Reflection;

namespace OrleansUem.Embedded.Runtime;

/// <summary>One call on its way through the incoming filters: those of the host, then the grain's own, then the method.</summary>
internal sealed class IncomingCall : IIncomingGrainCallContext
{
    private readonly Request _request;
    private readonly IIncomingGrainCallFilter[] _filters;
    private int _stage;

    private IncomingCall(Request request, object grain)
    {
        _request = request;
        _filters = request.Activation!.Host.IncomingFilters;
        Grain = grain;
    }

    public IInvokable Request => _request;

    public object Grain { get; }

    public GrainId? SourceId => _request.SourceId;

    public GrainId TargetId => _request.Activation!.GrainId;

    public string InterfaceName => _request.GetInterfaceName();

    public string MethodName => _request.GetMethodName();

    public MethodInfo InterfaceMethod => _request.Method.InterfaceMethod;

    public object? Result { get; set; }

    public IGrainContext TargetContext => _request.Activation!;

    public async Task Invoke()
    {
        var stage = _stage++;
        if (stage < _filters.Length)
        {
            await _filters[stage].Invoke(this);
        }
        else if (stage == _filters.Length && Grain is IIncomingGrainCallFilter own)
        {
            await own.Invoke(this);
        }
        else
        {
            var task = _request.InvokeTarget(Grain);
            await task;
            Result = _request.ResultOf(task);
        }
    }

    internal static async Task<TResult> Run<TResult>(Request request, object grain)
    {
        var call = new IncomingCall(request, grain);
        await call.Invoke();
        return call.Result is TResult result ? result : default!;
    }
}
