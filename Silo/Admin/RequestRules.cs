using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Silo.Admin;

/// <summary>What can be judged of an administrator's request without a grain: any JSON that has the fields' types in, a fault or null out.</summary>
internal static class RequestRules
{
    /// <summary>An invitation of a tenant.</summary>
    public static FieldFault? FindFault(InvitationRequest request)
    {
        var note = request.Name ?? "";
        return FindFaultInAddress("relayHost", request.RelayHost, "relayPort", request.RelayPort)
            ?? FindFaultInLifetime(request.LifetimeMinutes)
            ?? (note.Length > AdminLimits.MaxNoteCharacters || note.Any(char.IsControl)
                ? new FieldFault("name", $"not 0..{AdminLimits.MaxNoteCharacters} printable characters.")
                : null);
    }

    /// <summary>A token for an edge.</summary>
    public static FieldFault? FindFault(EdgeTokenRequest request) =>
        FindFaultInAddress("siloHost", request.SiloHost, "siloPort", request.SiloPort)
        ?? FindFaultInLifetime(request.LifetimeMinutes)
        ?? FindFaultInName("edgeId", request.EdgeId);

    /// <summary>A cut; which peer a certificate belongs to is for the inventory to say.</summary>
    public static FieldFault? FindFault(CutRequest request) =>
        !TenantId.TryParse(request.Tenant, out _) ? new FieldFault("tenant", $"not {TenantId.TextCharacters} lower-case hexadecimal digits.")
        : request.Device is not null && request.Node is not null ? new FieldFault("node", "not together with device.")
        : request.Certificate is { } certificate && !TenantId.TryParse(certificate, out _)
            ? new FieldFault("certificate", "not SHA-256 as 64 lower-case hexadecimal digits.")
        : request.Device is { } device && !NameRules.IsName(device) ? FindFaultInName("device", device)
        : request.Node is { } node && !NameRules.IsName(node) ? FindFaultInName("node", node)
        : FindFaultInAction(request);

    /// <summary>Whether the request is about the tenant as a whole.</summary>
    public static bool IsAboutTenant(CutRequest request) => request.Device is null && request.Node is null && request.Certificate is null;

    /// <summary>What the cut of one peer does; <see cref="PeerCutKind.Unspecified"/> when the word is none that fits.</summary>
    public static PeerCutKind KindOf(CutRequest request) => (request.Action ?? (request.Certificate is null ? "block" : "revoke")) switch
    {
        "end" => PeerCutKind.EndSession,
        "block" => PeerCutKind.Block,
        "allow" => PeerCutKind.Allow,
        "revoke" when request.Certificate is not null => PeerCutKind.RevokeCertificate,
        _ => PeerCutKind.Unspecified,
    };

    /// <summary>A name of a device, node or edge.</summary>
    public static FieldFault? FindFaultInName(string field, string? name) => NameRules.IsName(name)
        ? null
        : new FieldFault(field, $"'{name}' is not 1..{NameRules.MaxCharacters} characters of a-z 0-9 . _ -, the first a letter or digit.");

    private static FieldFault? FindFaultInAction(CutRequest request) =>
        IsAboutTenant(request)
            ? request.Action is null or "block" or "allow" ? null : new FieldFault("action", $"'{request.Action}' is none of block, allow for a tenant.")
            : KindOf(request) != PeerCutKind.Unspecified ? null
            : new FieldFault("action", $"'{request.Action}' is none of end, block, allow, revoke; revoke needs a certificate.");

    private static FieldFault? FindFaultInAddress(string hostField, string? host, string portField, int port) =>
        string.IsNullOrEmpty(host) || host.Length > AdminLimits.MaxHostCharacters || Uri.CheckHostName(host) == UriHostNameType.Unknown
            ? new FieldFault(hostField, $"'{host}' is no host name or address of 1..{AdminLimits.MaxHostCharacters} characters.")
            : port is < 1 or > 65_535 ? new FieldFault(portField, $"{port} is not 1..65535.") : null;

    private static FieldFault? FindFaultInLifetime(int? minutes) =>
        minutes is < AdminLimits.MinLifetimeMinutes or > AdminLimits.MaxLifetimeMinutes
            ? new FieldFault("lifetimeMinutes", $"{minutes} is not {AdminLimits.MinLifetimeMinutes}..{AdminLimits.MaxLifetimeMinutes}.")
            : null;
}
