using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

internal abstract class GrainFactory : IGrainFactory
{
    public abstract TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey;

    public abstract TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey;

    public abstract TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    public abstract TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;

    public abstract IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    public abstract IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey);

    public abstract IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey);

    public abstract TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    public abstract void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    internal abstract GrainReference CreateReference(Type type, CallTarget target);
}
