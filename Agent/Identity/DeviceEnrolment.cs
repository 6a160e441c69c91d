using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>Enrols a device: its key pair is made here and never leaves; the certificate comes from the tenant's node through the relay.</summary>
public static partial class DeviceEnrolment
{
    /// <summary>Attempts while the relay or the node can't be reached; then a person decides.</summary>
    public const int MaxAttempts = 5;

    /// <summary>
    /// Runs an activation to its end and stores the result. Idempotent: with the same activation it goes on where it broke off, with the same key
    /// pair, and succeeds at once when it had succeeded.
    /// </summary>
    /// <param name="activation">The activation.</param>
    /// <param name="stateDirectory">Where to; made when missing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets retries.</param>
    /// <param name="cancellationToken">Gives up; the activation can be taken up again.</param>
    /// <returns>Who this device is.</returns>
    /// <exception cref="EnrolmentException">Refused or not reachable; the text says what to do.</exception>
    /// <exception cref="AgentStateException">The directory can't be used, or holds another enrolment.</exception>
    public static async Task<PeerIdentity> EnrolAsync(
        EnrolmentUri activation, string stateDirectory, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(activation);
        ArgumentNullException.ThrowIfNull(time);
        if (activation.Kind != EnrolmentKind.Activate)
        {
            throw new EnrolmentException(Reason.BadRequest, "This text is not an activation: it must begin with uem://activate/.");
        }

        var files = new StateDirectory(stateDirectory);
        files.Create();
        using var held = files.Lock();
        if (files.Has(AgentState.DocumentName))
        {
            return TakeExisting(files, activation);
        }

        using var pending = PendingActivation.TakeUp(files, activation);
        var exchange = new ActivationExchange(activation, pending.Key, pending.Csr);
        var identity = await RetryAsync(
            () => ExchangeAsync(activation, exchange, files, time, cancellationToken), time, logger, cancellationToken);
        PendingActivation.Finish(files);
        return identity;
    }

    /// <summary>Tries again while the fault is a passing one.</summary>
    internal static async Task<T> RetryAsync<T>(
        Func<Task<T>> attempt, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await attempt();
            }
            catch (EnrolmentException e) when (e.IsPassing && failures < MaxAttempts - 1)
            {
                // An operating failure: the relay or the node is not there. The request is idempotent.
                var delay = ReconnectPolicy.Wait(failures, e.RetryAfter ?? TimeSpan.Zero, Random.Shared.NextDouble());
                LogRetry(logger, failures + 1, delay.TotalSeconds, e.Message);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    private static PeerIdentity TakeExisting(StateDirectory files, EnrolmentUri activation)
    {
        var existing = AgentState.Load(files);
        using var credentials = existing.Credentials;
        using var root = existing.InstallationRoot;
        if (existing.Origin != activation.Id)
        {
            throw new AgentStateException(
                $"{files.Path} is enrolled as {credentials.Identity.Name} already. Use another --state directory, or remove this one first.");
        }

        PendingActivation.Finish(files);
        return credentials.Identity;
    }

    private static async Task<PeerIdentity> ExchangeAsync(
        EnrolmentUri activation, ActivationExchange exchange, StateDirectory files, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var connection = await EnrolmentConnection.OpenAsync(activation, time, cancellationToken);
        var payload = await connection.AskAsync(FrameType.Enrol, exchange.Request, FrameType.EnrolAnswer, cancellationToken);
        EnrolAnswer answer;
        try
        {
            answer = EnrolAnswer.Parser.ParseFrom(payload);
        }
        catch (Google.Protobuf.InvalidProtocolBufferException e)
        {
            throw new EnrolmentException(Reason.MalformedFrame, "The relay's answer does not parse. Update this program.", e);
        }

        using var credentials = exchange.Judge(answer, time.GetUtcNow());
        AgentState.Store(files.Path, new AgentEnrolment
        {
            Credentials = credentials,
            InstallationRoot = connection.InstallationRoot!,
            TenantTag = activation.TenantTag,
            Relays = [new RelayAddress(activation.Host, activation.Port)],
            Origin = activation.Id,
        });
        return credentials.Identity;
    }
}
