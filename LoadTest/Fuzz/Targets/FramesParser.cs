using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// <see cref="FrameReader"/> and the messages in the frames: any split of the stream gives the same frames, a length above the limit is refused on the header alone, and a message that parses
/// is written and parsed again to the same.
/// </summary>
internal sealed class FramesParser : FuzzParser
{
    private const int SplitBytes = 5;

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var bytes = input.ToArray();
        var whole = new ReadOnlySequence<byte>(bytes);
        var split = Split(bytes);
        var isTaken = false;
        while (true)
        {
            var result = FrameReader.TryRead(ref whole, FrameLimits.MaxPayloadBytes, out var header, out var payload);
            var again = FrameReader.TryRead(ref split, FrameLimits.MaxPayloadBytes, out var splitHeader, out var splitPayload);
            Require(result == again && header == splitHeader && whole.Length == split.Length, "Another split of the stream gives other frames.");
            if (result != FrameReadResult.Frame)
            {
                Require(result != FrameReadResult.TooLong || header.PayloadBytes > FrameLimits.MaxPayloadBytes, "A frame within the limit is refused.");
                return isTaken;
            }

            Require(header.PayloadBytes == payload.Length && payload.Length <= FrameLimits.MaxPayloadBytes, "The payload is not as long as the header says.");
            isTaken |= TakeMessage(header.Type, payload, splitPayload);
        }
    }

    private static bool TakeMessage(FrameType type, in ReadOnlySequence<byte> payload, in ReadOnlySequence<byte> split)
    {
        if (FuzzMessages.ParserOf(type) is not { } parser)
        {
            return false;
        }

        try
        {
            var message = parser.ParseFrom(payload);
            Require(message.Equals(parser.ParseFrom(split)), "Another split of the payload gives another message.");
            Require(message.Equals(parser.ParseFrom(message.ToByteArray())), "What was written is not what was parsed.");
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            // The one exception that every caller of a parser catches.
            return false;
        }
    }

    // Pieces of a few bytes: every header and most fields cross a border.
    private static ReadOnlySequence<byte> Split(byte[] bytes)
    {
        if (bytes.Length <= SplitBytes)
        {
            return new ReadOnlySequence<byte>(bytes);
        }

        var first = new Piece(bytes.AsMemory(0, SplitBytes), 0);
        var last = first;
        for (var at = SplitBytes; at < bytes.Length;)
        {
            // Growing pieces keep the long inputs cheap.
            var length = Math.Min(bytes.Length - at, SplitBytes + (at / 8));
            last = last.Append(bytes.AsMemory(at, length), at);
            at += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece Append(ReadOnlyMemory<byte> memory, long index)
        {
            var next = new Piece(memory, index);
            Next = next;
            return next;
        }
    }
}
