namespace OrleansUem.Embedded.Runtime;

/// <summary>A state that is read before its grain is activated.</summary>
internal interface IStateLoad
{
    Task LoadAsync();
}
