using System.Buffers;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>What a dialling side makes of HELLO, on sessions and on enrolment connections.</summary>
public static class HelloRules
{
    /// <summary>Reads HELLO and checks its ranges.</summary>
    /// <param name="payload">Any bytes.</param>
    /// <returns>Null when it is malformed.</returns>
    public static Hello? TryRead(in ReadOnlySequence<byte> payload) => SessionPayloads.TryRead(FrameType.Hello, payload) as Hello;

    /// <summary>Chooses the version: the highest that both speak.</summary>
    /// <param name="hello">The server's HELLO.</param>
    /// <returns>0 when there is none: UnsupportedVersion.</returns>
    public static uint ChooseVersion(Hello hello)
    {
        ArgumentNullException.ThrowIfNull(hello);
        var version = Math.Min(ProtocolVersion.Current, hello.Version);
        return version < ProtocolVersion.Oldest || version < hello.OldestVersion ? 0 : version;
    }
}
