namespace OrleansUem.Embedded;

/// <summary>A named state of a grain; see <see cref="PersistentStateAttribute"/>.</summary>
/// <typeparam name="TState">The type of the state.</typeparam>
public interface IPersistentState<TState> : IStorage<TState>;
