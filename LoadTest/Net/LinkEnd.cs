using OrleansUem.Protocol.Packets;

namespace OrleansUem.LoadTest.Net;

/// <summary>One end of an emulated link: an interface of its own in a network namespace.</summary>
/// <param name="NamespacePath">For example /run/netns/device.</param>
/// <param name="InterfaceName">The interface to create there, at most 15 bytes.</param>
/// <param name="Address">Its address.</param>
/// <param name="PrefixLength">The length of the network that both ends share.</param>
public sealed record LinkEnd(string NamespacePath, string InterfaceName, Ipv4Address Address, int PrefixLength);
