using OrleansUem.Agent.Tun;

namespace OrleansUem.Node.Egress;

/// <summary>The node's way into the organisation's network; taken down by Dispose.</summary>
internal interface INodeEgress : IDisposable
{
    ITunDevice Tun { get; }
}
