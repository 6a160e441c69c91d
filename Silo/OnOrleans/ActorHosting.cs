using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Serialization;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo;

/// <summary>Where a silo meets the engine of its grains: Microsoft Orleans, with as many silos as there are rows in the membership table of the installation's database.</summary>
internal static class ActorHosting
{
    private const string AdoNetInvariant = "Npgsql";

    /// <summary>Where silos reach each other unless told otherwise; the port after the one of control links.</summary>
    private static readonly IPEndPoint DefaultListen = new(IPAddress.Any, 3103);

    /// <summary>
    /// Longest wait for a grain that has no limit of its own. An edge gives a control request 10 s (ControlLinkLimits), so that whoever waits longer waits for nobody.
    /// </summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>What the options lack or must not have in this build.</summary>
    public static IEnumerable<string> Check(SiloOptions options)
    {
        var listen = options.ClusterListen ?? DefaultListen;
        if (listen.Port == 0)
        {
            yield return "ClusterListen has port 0: name a port, since the other silos read it from the membership table.";
        }

        var isAnyAddress = listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any);
        if (isAnyAddress && options.ClusterAdvertise is null)
        {
            yield return $"ClusterAdvertise is missing: with ClusterListen {listen} say by which ADDRESS:PORT the other silos reach this one.";
        }

        if (options.ClusterAdvertise is { } advertise
            && (advertise.Port == 0 || advertise.Address.Equals(IPAddress.Any) || advertise.Address.Equals(IPAddress.IPv6Any)))
        {
            yield return $"ClusterAdvertise is {advertise}: it must be one address and a port other than 0.";
        }

        if (options.DatabaseFile is null)
        {
            yield return "DatabaseFile is missing: silos of this build keep grains and membership in PostgreSQL. SQLite is for the one silo of the embedded build.";
        }
    }

    /// <summary>Adds the engine to the silo's services.</summary>
    public static void AddActorHost(WebApplicationBuilder builder, SiloOptions options, SiloState state, SiloDatabase database, TimeProvider time)
    {
        var source = database is PostgresSiloDatabase postgres
            ? postgres.Source
            : throw new ArgumentException($"{database.GetType().Name} is no database for a cluster.", nameof(database));
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = state.Installation.Text;

                // As the embedded host writes it, so that an installation can move from one to the other.
                cluster.ServiceId = "uem";
            });
            silo.Configure<Orleans.Configuration.SiloOptions>(named => named.SiloName = state.Name.Text);
            silo.Configure<EndpointOptions>(endpoint => SetEndPoints(endpoint, options));
            silo.Configure<SiloMessagingOptions>(messaging =>
            {
                messaging.ResponseTimeout = ResponseTimeout;
                messaging.SystemResponseTimeout = ResponseTimeout;
            });
            silo.Configure<ClusterMembershipOptions>(SetFailureDetection);

            // A grain's storage fails with exceptions of its driver; without this the caller would hear of a missing codec instead.
            silo.Services.Configure<ExceptionSerializationOptions>(static exceptions => exceptions.SupportedNamespacePrefixes.Add("Npgsql"));
            silo.UseTls(tls => ClusterTls.Configure(tls, state.Credentials, time));
            silo.UseAdoNetClustering(clustering =>
            {
                clustering.Invariant = AdoNetInvariant;
                clustering.DataSource = source;
            });
            silo.UseAdoNetReminderService(reminders =>
            {
                reminders.Invariant = AdoNetInvariant;
                reminders.DataSource = source;
            });
            silo.AddAdoNetGrainStorageAsDefault(storage =>
            {
                storage.Invariant = AdoNetInvariant;
                storage.DataSource = source;
                storage.GrainStorageSerializer = new GrainStateSerializer();
            });
        });
        builder.Services.AddHostedService<SiloDeaths>();
    }

    // No gateway: nobody outside of the silos calls grains (an edge has control links), so there is no port for it.
    private static void SetEndPoints(EndpointOptions endpoint, SiloOptions options)
    {
        var listen = options.ClusterListen ?? DefaultListen;
        var advertise = options.ClusterAdvertise ?? listen;
        endpoint.AdvertisedIPAddress = advertise.Address;
        endpoint.SiloPort = advertise.Port;
        endpoint.SiloListeningEndpoint = listen;
        endpoint.GatewayPort = 0;
    }

    /// <summary>
    /// A silo that dies is declared dead after three probes of 1 s, so within about 4 s instead of the 15 s of the defaults: until then requests to its grains
    /// fail. A silo that pauses for longer is declared dead too and has to start again; 3 s is far above its pauses, and the probe adapts up to 4 s on a machine
    /// that answers slowly. One vote is enough: the usual cluster has two or three silos, and the voter must itself be healthy.
    /// </summary>
    private static void SetFailureDetection(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MinProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(4);
        membership.NumMissedProbesLimit = 3;
        membership.NumVotesForDeathDeclaration = 1;

        // How soon a silo that missed the gossip, or the other silos' restart, reads the table; and the row that says it lives.
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
    }
}
