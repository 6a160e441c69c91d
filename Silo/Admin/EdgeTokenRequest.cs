namespace OrleansUem.Silo.Admin;

/// <summary>POST /v1/edge-tokens: lets one edge join.</summary>
/// <param name="EdgeId">The name that its certificate will have.</param>
/// <param name="SiloHost">Name or address of the silo that it dials.</param>
/// <param name="SiloPort">Its port.</param>
/// <param name="LifetimeMinutes">1..43,200; null: a day.</param>
public sealed record EdgeTokenRequest(string? EdgeId, string? SiloHost, int SiloPort, int? LifetimeMinutes = null);
