using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Control;

/// <summary>The silo's first frame on every connection.</summary>
internal static class Hellos
{
    public static Hello Create(SiloState state, TimeProvider time) => new()
    {
        Version = ProtocolVersion.Current,
        OldestVersion = ProtocolVersion.Oldest,
        ServerName = state.Name.Text,
        TimeUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
        KeepAliveSeconds = (uint)ControlLinkLimits.KeepAlive.TotalSeconds,
        InstallationRoot = ByteString.CopyFrom(state.InstallationRoot.Span),
    };
}
