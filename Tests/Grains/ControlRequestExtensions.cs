using Google.Protobuf;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.Tests.Grains;

internal static class ControlRequestExtensions
{
    internal static ReadOnlyMemory<byte> ToByteArrayOf(this ControlRequest request) => request.ToByteArray();
}
