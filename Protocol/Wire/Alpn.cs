namespace OrleansUem.Protocol.Wire;

/// <summary>The TLS application protocols (RFC 7301), one for each kind of connection. A connection without one of these is refused.</summary>
public static class Alpn
{
    /// <summary>A device's session; mutual TLS.</summary>
    public const string Device = "uem-device/1";

    /// <summary>A node's session; mutual TLS.</summary>
    public const string Node = "uem-node/1";

    /// <summary>Enrolment of a device or registration of a tenant; the server alone has a certificate.</summary>
    public const string Enrol = "uem-enrol/1";

    /// <summary>An edge's control link to a silo; mutual TLS under the installation's root.</summary>
    public const string Control = "uem-control/1";

    /// <summary>An edge asks a silo for its certificate; the server alone has one.</summary>
    public const string Join = "uem-join/1";
}
