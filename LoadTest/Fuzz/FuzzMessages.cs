using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>Frames and their messages, for targets to build seeds from and to read mutants with.</summary>
internal static class FuzzMessages
{
    /// <summary>The parser of a frame's payload; null where it is no Protobuf message.</summary>
    public static MessageParser? ParserOf(FrameType type) => type switch
    {
        FrameType.Hello => Hello.Parser,
        FrameType.Attach => Attach.Parser,
        FrameType.Attached => Attached.Parser,
        FrameType.Close => Close.Parser,
        FrameType.GoAway => GoAway.Parser,
        FrameType.PathLeft => PathLeft.Parser,
        FrameType.Open => Open.Parser,
        FrameType.Opened => Opened.Parser,
        FrameType.Refused => Refused.Parser,
        FrameType.CloseTunnel => CloseTunnel.Parser,
        FrameType.Enrol => Enrol.Parser,
        FrameType.EnrolAnswer => EnrolAnswer.Parser,
        FrameType.RegisterTenant => RegisterTenant.Parser,
        FrameType.TenantRegistered => TenantRegistered.Parser,
        FrameType.ControlRequest => ControlRequest.Parser,
        FrameType.ControlAnswer => ControlAnswer.Parser,
        FrameType.Join => Join.Parser,
        FrameType.Joined => Joined.Parser,
        _ => null,
    };

    /// <summary>Parses as every caller of a parser does: a malformed message is a value.</summary>
    public static T? TryParse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // The one exception that callers of a parser catch.
            return null;
        }
    }

    /// <summary>One frame; without a body eight bytes, as PING has.</summary>
    public static byte[] Frame(FrameType type, uint channel, IMessage? body)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, type, new Channel(channel), body?.ToByteArray() ?? [1, 2, 3, 4, 5, 6, 7, 8]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Frames back to back.</summary>
    public static byte[] Stream(params byte[][] frames) => [.. frames.SelectMany(frame => frame)];
}
