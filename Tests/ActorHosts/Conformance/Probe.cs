using System.Collections.Concurrent;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>
/// What grains tell their test and wait for, by scenario: a scenario is the key of the test's grain. Static, because the grains
/// of a test cluster in this process share nothing else with their test.
/// </summary>
public static class Probe
{
    private static readonly ConcurrentDictionary<string, Scenario> Scenarios = new();

    /// <summary>Notes that something happened.</summary>
    public static void Note(string scenario, string what) => Of(scenario).Note(what);

    /// <summary>Everything noted so far, in order.</summary>
    public static string Notes(string scenario) => Of(scenario).Notes();

    /// <summary>Waits until something was noted a number of times.</summary>
    public static Task SeenAsync(string scenario, string what, int times = 1) =>
        Of(scenario).SeenAsync(what, times).WithinAsync($"'{what}' × {times} in {scenario}; seen: {Notes(scenario)}");

    /// <summary>A gate that the test opens.</summary>
    public static Task GateAsync(string scenario, string gate) => Of(scenario).Gate(gate).Task;

    public static void Open(string scenario, string gate) => Of(scenario).Gate(gate).TrySetResult();

    private static Scenario Of(string scenario) => Scenarios.GetOrAdd(scenario, static _ => new Scenario());

    private sealed class Scenario
    {
        private readonly Lock _lock = new();
        private readonly List<string> _notes = [];
        private readonly List<(string What, int Times, TaskCompletionSource Done)> _waits = [];
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();

        public void Note(string what)
        {
            lock (_lock)
            {
                _notes.Add(what);
                var count = _notes.Count(note => note == what);
                foreach (var wait in _waits.Where(wait => wait.What == what && wait.Times <= count))
                {
                    wait.Done.TrySetResult();
                }
            }
        }

        public string Notes()
        {
            lock (_lock)
            {
                return string.Join(' ', _notes);
            }
        }

        public Task SeenAsync(string what, int times)
        {
            lock (_lock)
            {
                if (_notes.Count(note => note == what) >= times)
                {
                    return Task.CompletedTask;
                }

                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waits.Add((what, times, done));
                return done.Task;
            }
        }

        public TaskCompletionSource Gate(string gate) =>
            _gates.GetOrAdd(gate, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
