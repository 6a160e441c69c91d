using System.Diagnostics;

namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class TurnGrain : Grain, ITurnGrain
{
    public static readonly AsyncLocal<string?> Local = new();

    private int _inside;
    private int _races;

    public Task<bool> HasSynchronizationContextAsync() => Task.FromResult(SynchronizationContext.Current is not null);

    public async Task<string> LeavesTurnAsync()
    {
        var scheduler = TaskScheduler.Current;
        var left = new List<string>();
        void Check(string step)
        {
            if (!ReferenceEquals(TaskScheduler.Current, scheduler) || scheduler == TaskScheduler.Default)
            {
                left.Add(step);
            }
        }

        await Task.Yield();
        Check("yield");
        await Task.Run(static () => { });
        Check("run");
        await Task.Factory.StartNew(() => Check("inside StartNew"), CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Current);
        Check("StartNew");
        await Task.Run(static () => { }).ContinueWith(_ => Check("inside ContinueWith"), TaskScheduler.Current);
        Check("ContinueWith");
        await Task.WhenAll(Task.Run(static () => { }), InnerAsync());
        Check("WhenAll");
        return string.Join(", ", left);

        async Task InnerAsync()
        {
            await Task.Yield();
            Check("inner");
        }
    }

    public async Task<string> UseOutsideAsync(string service)
    {
        try
        {
            await Task.Run(() =>
            {
                switch (service)
                {
                    case "factory":
                        GrainFactory.GetGrain<ITurnGrain>("x");
                        break;
                    case "key":
                        this.GetPrimaryKeyString();
                        break;
                    case "deactivate":
                        DeactivateOnIdle();
                        break;
                    case "delay":
                        DelayDeactivation(TimeSpan.FromMinutes(1));
                        break;
                    default:
                        this.RegisterGrainTimer(static () => Task.CompletedTask, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
                        break;
                }
            });
            return "none";
        }
        catch (Exception e)
        {
            return e.GetType().Name;
        }
    }

    public Task<string?> AsyncLocalAsync() => Task.FromResult(Local.Value);

    public Task SetAsyncLocalAsync(string value)
    {
        Local.Value = value;
        return Task.CompletedTask;
    }

    public Task<string?> ActivityAsync() => Task.FromResult(Activity.Current?.OperationName);

    public async Task<string?> ContextAsync(string key)
    {
        await Task.Yield();
        return RequestContext.Get(key) as string;
    }

    public Task SetContextAsync(string key, string value)
    {
        RequestContext.Set(key, value);
        return Task.CompletedTask;
    }

    public Task<string?> ContextThroughAsync(string other, string key) =>
        GrainFactory.GetGrain<ITurnGrain>(other).ContextAsync(key);

    public async Task<int> CountRacesAsync(int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            _races += Interlocked.Increment(ref _inside) == 1 ? 0 : 1;
            Interlocked.Decrement(ref _inside);
            await Task.Yield();
        }

        return _races;
    }
}
