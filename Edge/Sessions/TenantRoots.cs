using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>A tenant's roots, or why they are not to be had.</summary>
internal sealed record TenantRoots(TenantId Tenant, Reason Reason, string Detail, IReadOnlyList<X509Certificate2> Roots);
