namespace OrleansUem.Silo.Admin;

/// <summary>Whether the silo serves edges now.</summary>
internal sealed class SiloReadiness
{
    private volatile bool _isReady;

    public bool IsReady
    {
        get => _isReady;
        set => _isReady = value;
    }

    public DateTimeOffset StartedAt { get; set; }
}
