using OrleansUem.Agent.Tun;

namespace OrleansUem.Node.Egress;

/// <summary>The node's way into the organisation's network; taken down by Dispose.</summary>
internal interface INodeEgress : IDisposable
{
    ITunDevice Tun { get; }

    /// <summary>What it is, for the status line: "up with 10.64.0.1/16, translating addresses".</summary>
    string Description { get; }
}
