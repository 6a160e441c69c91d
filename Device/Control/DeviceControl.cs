using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OrleansUem.Agent.Identity;
using OrleansUem.Device.Names;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Device.Control;

/// <summary>Asks the agent of a state directory, or ends it; also when there is none any more because it was killed.</summary>
public static class DeviceControl
{
    // A healthy agent answers in milliseconds.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Asks how the agent is.</summary>
    /// <param name="stateDirectory">Its state directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The report, or what there is instead. The socket of an agent that was killed is removed.</returns>
    /// <exception cref="AgentStateException">The directory can't be read.</exception>
    /// <exception cref="TimeoutException">The agent runs and does not answer.</exception>
    public static async Task<DeviceStanding> AskAsync(string stateDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = ControlSocket.PathIn(stateDirectory);
        AgentState.RequireReadable(stateDirectory);
        var (socket, wasKilled) = await ConnectAsync(path, cancellationToken);
        using (socket)
        {
            return socket is null
                ? new DeviceStanding(null, wasKilled || ResolverFile.IsTaken(stateDirectory))
                : new DeviceStanding(await ReadReportAsync(socket, path, time, cancellationToken), WasKilled: false);
        }
    }

    /// <summary>Ends the agent in the orderly way and waits until it has given everything back; what a killed one left behind is given back here.</summary>
    /// <param name="stateDirectory">Its state directory.</param>
    /// <param name="limit">How long the end may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up waiting; the agent ends all the same.</param>
    /// <returns>What was there to end, in one line for a person.</returns>
    /// <exception cref="AgentStateException">The directory can't be read, or somebody starts an agent at this moment.</exception>
    /// <exception cref="DeviceFatalException">The name servers could not be put back; the text says what to do.</exception>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public static async Task<string> DownAsync(string stateDirectory, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = ControlSocket.PathIn(stateDirectory);
        AgentState.RequireReadable(stateDirectory);
        var (socket, wasKilled) = await ConnectAsync(path, cancellationToken);
        using (socket)
        {
            if (socket is not null)
            {
                await WaitForEndAsync(socket, limit, time, cancellationToken);
            }
        }

        if (!AgentState.Exists(stateDirectory))
        {
            return "Nothing runs here, and no device is enrolled.";
        }

        // Also after an orderly end: it may have been killed in the middle of it.
        using var state = AgentState.Open(stateDirectory, PeerRole.Device);
        var restored = ResolverFile.Restore(stateDirectory);
        if (wasKilled)
        {
            LinuxDeviceNetwork.RemoveLeftovers();
        }

        var ended = socket is not null ? "The agent has ended." : wasKilled || restored.Length > 0 ? "The agent was killed before." : "No agent was running.";
        return $"{ended} {restored}".TrimEnd();
    }

    private static async Task WaitForEndAsync(Socket socket, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var ends = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ends.Token, cancellationToken);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(ControlSocket.Down + "\n"), either.Token);
            while (await socket.ReceiveAsync(new byte[1], either.Token) > 0)
            {
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            throw new TimeoutException($"The agent did not end in {limit.TotalSeconds:0} s. Its process is still there; look at what it says, or kill it and run this again.");
        }
        catch (SocketException)
        {
            // It died meanwhile: that is an end.
        }
    }

    private static async Task<DeviceReport> ReadReportAsync(Socket socket, string path, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(ControlSocket.Status + "\n"), either.Token);
            using var answer = new MemoryStream();
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, either.Token) is > 0 and var bytes)
            {
                answer.Write(buffer, 0, bytes);
                if (answer.Length > ControlSocket.ReportBytesMax)
                {
                    break;
                }
            }

            return JsonSerializer.Deserialize<DeviceReport>(answer.ToArray(), ControlSocket.Json)
                ?? throw new IOException($"The agent behind {path} answered with nothing.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"The agent behind {path} does not answer: it stands still, or is busy ending.");
        }
        catch (Exception e) when (e is JsonException or SocketException)
        {
            throw new IOException($"The agent behind {path} gave no report: it refused this user, ended meanwhile, or is of another version. {e.Message}", e);
        }
    }

    /// <summary>Connects. A socket that nobody listens on is taken away: under another name first, since an agent may be starting and have made a new one.</summary>
    private static async Task<(Socket? Socket, bool WasKilled)> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        if (await ControlSocket.TryConnectAsync(path, cancellationToken) is { } socket)
        {
            return (socket, false);
        }

        var aside = path + ControlSocket.OldSuffix;
        try
        {
            File.Move(path, aside, overwrite: true);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, false);
        }

        if (await ControlSocket.TryConnectAsync(aside, cancellationToken) is { } started)
        {
            File.Move(aside, path, overwrite: true);
            return (started, false);
        }

        File.Delete(aside);
        return (null, true);
    }
}
