using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded;

/// <summary>The base of grain classes. The host makes the instance inside a turn of its activation.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    private readonly Activation? _activation;

    /// <summary>Binds the instance to the activation whose turn runs the constructor; a grain made by hand has none.</summary>
    protected Grain() => _activation = TaskScheduler.Current as Activation;

    /// <inheritdoc/>
    public IGrainContext GrainContext => Owner;

    /// <summary>The text form of the grain's identity.</summary>
    public string IdentityString => Owner.GrainId.ToString();

    /// <summary>Makes references to other grains; usable in a turn of this activation only.</summary>
    protected IGrainFactory GrainFactory
    {
        get
        {
            Owner.CheckTurn();
            return Owner.Host.Factory;
        }
    }

    /// <summary>The services of this activation; usable in a turn of this activation only.</summary>
    protected IServiceProvider ServiceProvider
    {
        get
        {
            Owner.CheckTurn();
            return Owner.ActivationServices;
        }
    }

    internal Activation Owner => _activation ?? throw new InvalidOperationException(
        $"{GetType().Name} was made by hand and has no activation: a grain is reached through IGrainFactory.");

    /// <inheritdoc/>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    /// <summary>Ends this activation as soon as its running calls are done; calls that wait go to a new one. Usable on any thread, as in Orleans.</summary>
    protected void DeactivateOnIdle() => Owner.Deactivate(DeactivationReason.OnIdle);

    /// <summary>Keeps the activation from being collected for this long; a negative span ends such a wish.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Owner.DelayDeactivation(timeSpan);
}
