using System.Net.Sockets;

namespace OrleansUem.LoadTest.Hostile.Attacks;

/// <summary>Connections that begin with some bytes, perhaps none, and then say nothing.</summary>
internal sealed class HeldConnections(string name, string summary, Func<byte[]> first, bool isDripping = false) : IHostileAttack
{
    private const int ConnectsAtATime = 128;
    private static readonly TimeSpan DripInterval = TimeSpan.FromSeconds(1);

    public string Name => name;

    public string Summary => summary;

    // Which of the three depends on how many come from how many addresses; the first place goes to what any number of them meets.
    public IReadOnlyList<string> Refusals => ["refusals"];

    public async Task<long> RunAsync(HostileTarget target, CancellationToken cancellationToken)
    {
        var bytes = first();
        var sockets = new Socket?[target.Options.Connections];
        using var hold = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Parallel.ForAsync(0, sockets.Length, new ParallelOptions { MaxDegreeOfParallelism = ConnectsAtATime, CancellationToken = cancellationToken }, async (number, token) =>
            {
                try
                {
                    sockets[number] = await target.ConnectAsync(number, token);
                    await sockets[number]!.SendAsync(isDripping ? bytes.AsMemory(0, 1) : bytes, SocketFlags.None, token);
                }
                catch (SocketException)
                {
                    // Refused, which is the edge's good right.
                }
            });
            hold.CancelAfter(target.Options.HoldTime);
            await Task.WhenAll(sockets.OfType<Socket>().Select(socket => isDripping ? DripAsync(socket, bytes, hold.Token) : UntilClosedAsync(socket, hold.Token)));
            return sockets.Length;
        }
        finally
        {
            foreach (var socket in sockets)
            {
                socket?.Dispose();
            }
        }
    }

    private static async Task UntilClosedAsync(Socket socket, CancellationToken limit)
    {
        var buffer = new byte[64];
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, limit) > 0)
            {
                // The edge's part of a handshake.
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Expected: the edge hung up, or the attack is over.
        }
    }

    private static async Task DripAsync(Socket socket, byte[] bytes, CancellationToken limit)
    {
        using var timer = new PeriodicTimer(DripInterval, TimeProvider.System);
        try
        {
            for (var sent = 1; sent < bytes.Length && await timer.WaitForNextTickAsync(limit); sent++)
            {
                await socket.SendAsync(bytes.AsMemory(sent, 1), SocketFlags.None, limit);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Expected: the edge hung up, or the attack is over.
        }
    }
}
