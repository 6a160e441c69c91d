using System.Buffers;

namespace OrleansUem.Protocol.Messages;

/// <summary>
/// What is asked of a message with a body of many kinds (<c>oneof</c>) before it is parsed. The parser makes of a body that stands there once more a copy of the one before and adds to it, so that a message of n bytes of small bodies behind one with
/// a long list costs n² bytes of memory and their copying. No writer does so.
/// </summary>
public static class MessageForm
{
    private const int VarintBytesMax = 10;
    private const int SeenMax = 64;

    /// <summary>Whether every field stands there once. Fields are told apart by numbers below 64, which all bodies have; what does not parse is the parser's to refuse.</summary>
    /// <param name="message">Any bytes.</param>
    /// <returns>False also for the groups of Protobuf's first version, which none of our messages has.</returns>
    public static bool HasEachFieldOnce(ReadOnlySpan<byte> message)
    {
        var seen = 0UL;
        while (TryReadVarint(ref message, out var key))
        {
            // As the parser: 32 bits of it count.
            var (number, type) = ((uint)key >> 3, (uint)key & 7);
            if (number < SeenMax)
            {
                if ((seen & (1UL << (int)number)) != 0)
                {
                    return false;
                }

                seen |= 1UL << (int)number;
            }

            var bytes = 0UL;
            switch (type)
            {
                case 0 when TryReadVarint(ref message, out _):
                    break;
                case 1:
                    bytes = sizeof(ulong);
                    break;
                case 2 when TryReadVarint(ref message, out var length):
                    bytes = (uint)length;
                    break;
                case 5:
                    bytes = sizeof(uint);
                    break;
                default:
                    return type < 3;
            }

            if (bytes > (ulong)message.Length)
            {
                return true;
            }

            message = message[(int)bytes..];
        }

        return true;
    }

    /// <inheritdoc cref="HasEachFieldOnce(ReadOnlySpan{byte})"/>
    public static bool HasEachFieldOnce(in ReadOnlySequence<byte> message) =>
        HasEachFieldOnce(message.IsSingleSegment ? message.FirstSpan : message.ToArray());

    private static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < VarintBytesMax; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
