using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansUem.Grains;
using OrleansUem.Grains.Inventory;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.Control;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.Enrolment;
using OrleansUem.Silo.Inventory;
using OrleansUem.Silo.State;
using OrleansUem.Transport.Health;

namespace OrleansUem.Silo;

/// <summary>
/// Runs a silo: the read model, the grains, the control listener and the admin API start in this order and stop in the opposite one, so that nobody
/// asks for what is gone. A kill at any time loses nothing that was acknowledged: grains write before they answer.
/// </summary>
public static class SiloHost
{
    // sun_path of a Unix socket address holds 107 bytes and an end (sys/un.h).
    private const int MaxSocketPathBytes = 107;

    /// <summary>Runs a silo until it is told to stop.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onReady">Called once when edges and administrators are served.</param>
    /// <param name="cancellationToken">Stops: links end with Draining, calls finish, grains are deactivated.</param>
    /// <returns>A task that ends when the silo has stopped.</returns>
    /// <exception cref="SiloStartException">It can't start; one line for the operator.</exception>
    public static Task RunAsync(
        SiloOptions options, ILoggerFactory loggers, TimeProvider time, Action<SiloReady> onReady, CancellationToken cancellationToken) =>
        RunAsync(options, loggers, time, new SiloHealth(time), onReady, cancellationToken);

    /// <summary>The same, and tells of its health.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Is told.</param>
    /// <param name="onReady">Called once.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task RunAsync(
        SiloOptions options, ILoggerFactory loggers, TimeProvider time, SiloHealth health, Action<SiloReady> onReady, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(health);
        ArgumentNullException.ThrowIfNull(onReady);
        var errors = SiloOptionsValidator.Validate(options);
        if (errors.Count > 0)
        {
            throw new SiloStartException(string.Join(' ', errors));
        }

        using var state = SiloState.Load(options.StateDirectory, time);
        using var stateLock = StateLock.Take(state.Directory);
        PrepareSocket(state.AdminSocketPath);
        await using var database = await SiloDatabase.OpenAsync(options, state, loggers, cancellationToken);
        await using var app = Build(options, state, database, health, loggers, time);
        await StartAsync(app, state, database, cancellationToken);
        health.Started(database);
        try
        {
            onReady(new SiloReady(
                state.Installation, state.Name, app.Services.GetRequiredService<ControlListener>().LocalEndPoint, state.AdminSocketPath));
            await WaitAsync(cancellationToken);
        }
        finally
        {
            health.Stopping();
            await app.StopAsync(CancellationToken.None);
        }
    }

    private static WebApplication Build(
        SiloOptions options, SiloState state, SiloDatabase database, SiloHealth health, ILoggerFactory loggers, TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "uem-silo" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = AdminLimits.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.ListenUnixSocket(state.AdminSocketPath);
        });
        var services = builder.Services;
        services.AddRoutingCore();
        services.AddProblemDetails(static problems => problems.CustomizeProblemDetails = Problems.Describe);
        services.Replace(ServiceDescriptor.Singleton(loggers));
        services.TryAddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallerLifetime>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopTimeout);
        services.AddSingleton(time);
        services.AddSingleton(options);
        services.AddSingleton(state);
        services.AddSingleton(health);
        AddInventory(services, database);
        services.AddGrainServices(options.Grains);
        ActorHosting.AddActorHost(builder, options, state, database, time);
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<InventoryRebuild>());
        AddControl(services);
        var app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions { StatusCodeSelector = Problems.StatusOf });
        app.UseStatusCodePages();
        AdminEndpoints.Map(app);
        HealthEndpoints.Map(app, [health]);
        return app;
    }

    private static void AddInventory(IServiceCollection services, SiloDatabase database)
    {
        services.AddSingleton<InventoryStore>(provider => database switch
        {
            PostgresSiloDatabase postgres => new PostgresInventoryStore(postgres.Source, provider.GetRequiredService<TimeProvider>()),
            SqliteSiloDatabase sqlite => new SqliteInventoryStore(sqlite.InventoryPath),
            _ => throw new ArgumentException($"{database.GetType().Name} is no database for the inventory.", nameof(database)),
        });
        services.AddSingleton(_ => new GrainStateRows(database));
        services.AddSingleton<InventoryQueue>();
        services.AddSingleton<IInventory>(provider => provider.GetRequiredService<InventoryQueue>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<InventoryQueue>());
        services.AddSingleton<InventoryReader>();
        services.AddSingleton<InventoryRebuild>();
    }

    private static void AddControl(IServiceCollection services)
    {
        services.AddSingleton<TenantGate>();
        services.AddSingleton<AttachVerifier>();
        services.AddSingleton<LeaseBatches>();
        services.AddSingleton<TenantRegistrar>();
        services.AddSingleton<EdgeJoining>();
        services.AddSingleton<EdgeRequests>();
        services.AddSingleton<ControlListener>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ControlListener>());
        services.AddSingleton<AdminActions>();
    }

    private static async Task StartAsync(WebApplication app, SiloState state, SiloDatabase database, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            StateFiles.Restrict(state.AdminSocketPath);
        }
        catch (SqliteException e)
        {
            throw new SiloStartException(
                $"{database.Description} can't be used: {e.Message} Is another program holding {state.DatabasePath} open? Stop that, or restore the file from its backup.", e);
        }
        catch (OrleansException e)
        {
            throw new SiloStartException($"{database.Description}: {e.Message}", e.InnerException);
        }
        catch (OptionsValidationException e)
        {
            throw new SiloStartException(e.Message, e);
        }
        catch (IOException e)
        {
            throw new SiloStartException(e.Message, e);
        }
    }

    // The state lock is held, so a socket that is there belongs to a process that is gone.
    private static void PrepareSocket(string path)
    {
        var bytes = System.Text.Encoding.UTF8.GetByteCount(path);
        if (bytes > MaxSocketPathBytes)
        {
            throw new SiloStartException(
                $"The path of the admin socket {path} has {bytes} bytes, {MaxSocketPathBytes} are the limit: choose a state directory with a shorter path.");
        }

        File.Delete(path);
    }

    private static async Task WaitAsync(CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource();
        await using var registration = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), stopped);
        await stopped.Task;
    }

    // The caller's token stops the silo; signals are the program's.
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
