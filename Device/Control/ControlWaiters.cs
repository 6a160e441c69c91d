using System.Net.Sockets;

namespace OrleansUem.Device.Control;

/// <summary>
/// The askers of "down". Their connections close when this is disposed, which its owner does after everything else was given back: the end of the connection is the
/// answer. A process that dies on the way closes them too.
/// </summary>
internal sealed class ControlWaiters : IDisposable
{
    private const int Max = 16;

    private readonly Lock _gate = new();
    private readonly List<Socket> _waiting = [];

    /// <returns>False: there are too many; the asker keeps its connection's care.</returns>
    public bool TryAdd(Socket asker)
    {
        lock (_gate)
        {
            if (_waiting.Count == Max)
            {
                return false;
            }

            _waiting.Add(asker);
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _waiting.ForEach(asker => asker.Dispose());
            _waiting.Clear();
        }
    }
}
