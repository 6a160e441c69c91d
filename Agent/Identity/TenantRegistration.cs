using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Agent.Identity;

/// <summary>What the installation hands out for a registered tenant.</summary>
/// <param name="TenantTag">The tag that the tenant's peers show at each attach.</param>
/// <param name="InstallationRoot">The installation's root, checked against the invitation's fingerprint; the caller disposes it.</param>
/// <param name="Relay">Where the edge listens that was asked.</param>
public sealed record TenantRegistration(ReadOnlyMemory<byte> TenantTag, X509Certificate2 InstallationRoot, RelayAddress Relay);
