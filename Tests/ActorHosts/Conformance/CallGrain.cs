namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class CallGrain : Grain, ICallGrain
{
    private readonly Guid _instance = Guid.NewGuid();
    private List<int> _kept = [];

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Probe.Note(this.GetPrimaryKeyString(), "deactivated");
        return Task.CompletedTask;
    }

    public Task<int> AddAsync(int left, int right) => Task.FromResult(left + right);

    public async Task<int> AddSlowlyAsync(int left, int right)
    {
        await Task.Yield();
        return left + right;
    }

    public ValueTask<int> AddValueAsync(int left, int right) => new(left + right);

    public ValueTask NothingAsync() => default;

    public Task<string> KeyAsync() => Task.FromResult(this.GetPrimaryKeyString());

    public Task<Guid> InstanceAsync() => Task.FromResult(_instance);

    public Task ThrowAtOnceAsync() => throw new ArgumentException("at once", new FormatException("inner"));

    public async Task<int> ThrowLaterAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("later");
    }

    public Task HoldAsync(string name) => NoteAndWaitAsync(name);

    public Task HoldReadOnlyAsync(string name) => NoteAndWaitAsync(name);

    public Task HoldInterleavingAsync(string name) => NoteAndWaitAsync(name);

    public Task HoldOneWayAsync(string name) => NoteAndWaitAsync(name);

    public Task ThrowOneWayAsync()
    {
        Probe.Note(this.GetPrimaryKeyString(), "thrown");
        throw new InvalidOperationException("one-way");
    }

    public Task HangAsync(string name) => NoteAndWaitAsync(name);

    public Task<string> CycleAsync(string other) =>
        GrainFactory.GetGrain<ICallGrain>(other).CycleBackAsync(this.GetPrimaryKeyString());

    public async Task<string> CycleBackAsync(string origin)
    {
        try
        {
            return await GrainFactory.GetGrain<ICallGrain>(origin).KeyAsync();
        }
        catch (TimeoutException)
        {
            return "swallowed by the inner grain";
        }
    }

    public async Task<string> WaitForCancelAsync(string name, CancellationToken cancellationToken)
    {
        Probe.Note(this.GetPrimaryKeyString(), name + "<");
        var cancelled = new TaskCompletionSource();
        using var registration = cancellationToken.Register(cancelled.SetResult);
        await Task.WhenAny(cancelled.Task, Probe.GateAsync(this.GetPrimaryKeyString(), name));
        Probe.Note(this.GetPrimaryKeyString(), name + ">");
        return "cancelled";
    }

    public Task<string> WaitThroughAsync(string other, string name, CancellationToken cancellationToken) =>
        GrainFactory.GetGrain<ICallGrain>(other).WaitForCancelAsync(name, cancellationToken);

    public async Task HangCancellablyAsync(string name, CancellationToken cancellationToken) =>
        await WaitForCancelAsync(name, cancellationToken);

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task DeactivateInterleavingAsync() => DeactivateAsync();

    public Task<int> SumAsync(List<int> numbers)
    {
        var sum = numbers.Sum();
        numbers.Clear();
        return Task.FromResult(sum);
    }

    public Task<List<int>> KeepAndReturnAsync(List<int> numbers)
    {
        _kept = numbers;
        return Task.FromResult(_kept);
    }

    public Task<List<int>> KeptAsync() => Task.FromResult(_kept);

    public Task<bool> IsSameAsync(ImmutableNote note) =>
        Task.FromResult(ReferenceEquals(ImmutableNote.Sent[note.Text], note));

    public Task<KindsNote> EchoAsync(KindsNote note) => Task.FromResult(note);

    public Task<ICallGrain> SelfAsync() => Task.FromResult(this.AsReference<ICallGrain>());

    public Task<string> KeyOfAsync(ICallGrain other) => other.KeyAsync();

    private async Task NoteAndWaitAsync(string name)
    {
        var key = this.GetPrimaryKeyString();
        Probe.Note(key, name + "<");
        await Probe.GateAsync(key, name);
        Probe.Note(key, name + ">");
    }
}
