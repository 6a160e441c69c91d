using System.Buffers.Text;
using OrleansUem.Agent.Identity;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Node;

/// <summary>Makes activations and revokes devices; works beside a running node on the same state directory.</summary>
public static class NodeActivations
{
    /// <summary>How long an activation is good for unless stated.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(24);

    /// <summary>Bounds of an activation's life.</summary>
    public static readonly TimeSpan LifetimeMin = TimeSpan.FromMinutes(1);

    /// <summary>Bounds of an activation's life.</summary>
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(30);

    /// <summary>The port at which edges take devices, when the activation names none.</summary>
    public const int DefaultDevicePort = 443;

    /// <summary>Makes an activation; it is on disk when this returns.</summary>
    /// <param name="stateDirectory">The node's.</param>
    /// <param name="device">The name that the certificate will have.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lifetime">How long it is good for; null: 24 h.</param>
    /// <param name="relay">Where devices reach an edge; null: the node's first relay, port 443.</param>
    /// <returns>The text for the device. WARNING: it holds the secret.</returns>
    /// <exception cref="AgentStateException">No node's state, or it can't be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime is out of its bounds.</exception>
    public static EnrolmentUri Create(
        string stateDirectory, DeviceId device, TimeProvider time, TimeSpan? lifetime = null, RelayAddress? relay = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        var life = lifetime ?? DefaultLifetime;
        ArgumentOutOfRangeException.ThrowIfLessThan(life, LifetimeMin, nameof(lifetime));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(life, LifetimeMax, nameof(lifetime));
        var files = new StateDirectory(stateDirectory);
        using var authority = NodeFiles.LoadAuthority(files);
        var enrolment = AgentState.Load(files);
        using var credentials = enrolment.Credentials;
        using var installationRoot = enrolment.InstallationRoot;
        relay ??= new RelayAddress(enrolment.Relays[0].Host, DefaultDevicePort);
        var now = time.GetUtcNow();
        var secret = EnrolmentSecret.NewRandom();
        var activation = new Activation
        {
            Id = Base64Url.EncodeToString(EnrolmentSecret.NewRandom()),
            Secret = Convert.ToBase64String(secret),
            Device = NameRules.Require(device.Text, "device id"),
            CreatedAt = now,
            ExpiresAt = now + life,
        };
        var store = new ActivationStore(files);
        store.Clean(now);
        store.Put(activation);
        return new EnrolmentUri
        {
            Kind = EnrolmentKind.Activate,
            Host = relay.Host,
            Port = relay.Port,
            Installation = enrolment.Installation,
            Id = activation.Id,
            Secret = secret,
            Tenant = authority.Id,
            TenantTag = enrolment.TenantTag,
            Name = device.Text,
        };
    }

    /// <summary>
    /// Cuts off every certificate that the device has, and voids its unused activations. A running node ends its tunnel within a second. A certificate that the
    /// device gets afterwards is good again.
    /// </summary>
    /// <param name="stateDirectory">The node's.</param>
    /// <param name="device">The device.</param>
    /// <param name="time">The clock.</param>
    /// <returns>How many certificates are cut off by this call; 0: it has none, or all were already.</returns>
    /// <exception cref="AgentStateException">No node's state, or it can't be read or written.</exception>
    public static int Revoke(string stateDirectory, DeviceId device, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        var files = new StateDirectory(stateDirectory);
        using (NodeFiles.LoadAuthority(files))
        {
            // Loaded for its error alone: a wrong directory must not look like a device without certificates.
        }

        var now = time.GetUtcNow();
        new ActivationStore(files).Clean(now, device.Text);
        var known = new RevocationList(files);
        string[] lines =
        [
            .. IssuedLedger.Of(files, device).Where(fingerprint => !known.Contains(fingerprint))
                .Select(fingerprint => $"{fingerprint} {device.Text} {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"),
        ];
        if (lines.Length > 0)
        {
            NodeFiles.Append(files, NodeFiles.Revoked, lines);
        }

        return lines.Length;
    }
}
