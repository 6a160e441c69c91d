using System.Globalization;
using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>Makes the references of one host.</summary>
internal sealed class GrainFactory(ActorHost host) : IGrainFactory
{
    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        Make<TGrainInterface>(primaryKey.ToString("N"), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        Make<TGrainInterface>(primaryKey.ToString("X", CultureInfo.InvariantCulture), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return Make<TGrainInterface>(primaryKey, grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable =>
        (TGrainInterface)(object)CreateReference(typeof(TGrainInterface), TargetOf(grainId));

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(grainPrimaryKey);
        return (IGrain)Make(grainInterfaceType, grainPrimaryKey, null);
    }

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) =>
        (IGrain)Make(grainInterfaceType, grainPrimaryKey.ToString("X", CultureInfo.InvariantCulture), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) =>
        (IGrain)Make(grainInterfaceType, grainPrimaryKey.ToString("N"), null);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference)
        {
            throw new ArgumentException("The object is a reference already.", nameof(obj));
        }

        return (TGrainObserverInterface)(object)CreateReference(typeof(TGrainObserverInterface), host.Observers.Add(obj));
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not GrainReference reference)
        {
            throw new ArgumentException("The reference that CreateObjectReference made is expected, not the observer.", nameof(obj));
        }

        host.Observers.Remove(reference.Target);
    }

    internal GrainReference CreateReference(Type interfaceType, CallTarget target) =>
        host.Registry.Interfaces.TryGetValue(interfaceType, out var make)
            ? make(target)
            : throw new ArgumentException(
                $"{interfaceType.FullName} has no generated reference: its assembly must be compiled with the generator and " +
                $"listed in {nameof(EmbeddedActorHostOptions)}.{nameof(EmbeddedActorHostOptions.GrainAssemblies)}.");

    internal CallTarget TargetOf(GrainId grainId) =>
        new(host.FindClass(grainId.Type), grainId.Key.Value);

    private TGrainInterface Make<TGrainInterface>(string key, string? prefix) =>
        (TGrainInterface)(object)Make(typeof(TGrainInterface), key, prefix);

    private GrainReference Make(Type interfaceType, string key, string? prefix) =>
        CreateReference(interfaceType, new CallTarget(host.FindClass(interfaceType, prefix), key));
}
