namespace OrleansUem.LoadTest.Throughput;

/// <summary>What the virtual cables do with large frames. A real network card sits closest to <see cref="Gro"/>.</summary>
public enum LinkVariant
{
    /// <summary>The kernel's defaults: super-packets of up to 64 KB cross the cable unsplit.</summary>
    AsIs,

    /// <summary>Segmented before the cable (TSO, GSO and USO off) and coalesced again behind it (GRO on).</summary>
    Gro,

    /// <summary>All offloads off: each frame of MTU size is handled alone on both sides.</summary>
    None,
}
