namespace OrleansUem.Silo.Admin;

/// <summary>The answer to DELETE /v1/edges/ID. Other silos end their links within 10 s.</summary>
/// <param name="LinksEnded">Links of this silo that were ended at once.</param>
public sealed record EdgeRemoved(int LinksEnded);
