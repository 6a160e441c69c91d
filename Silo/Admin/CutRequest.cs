namespace OrleansUem.Silo.Admin;

/// <summary>POST /v1/cuts: an order on a tenant, device, node or certificate.</summary>
/// <param name="Tenant">The tenant; alone: the whole of it.</param>
/// <param name="Device">The device, or null.</param>
/// <param name="Node">The node, or null; not together with <paramref name="Device"/>.</param>
/// <param name="Certificate">SHA-256 of a certificate of that device or node, 64 hexadecimal digits; alone with the tenant: the inventory tells whose it is.</param>
/// <param name="Action"><c>end</c> (sessions end, the peer may come back), <c>block</c>, <c>allow</c> or <c>revoke</c> (the certificate). Null: revoke with a certificate, else block.</param>
public sealed record CutRequest(string? Tenant, string? Device = null, string? Node = null, string? Certificate = null, string? Action = null);
