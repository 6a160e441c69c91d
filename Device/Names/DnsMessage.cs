using System.Buffers.Binary;

namespace OrleansUem.Device.Names;

/// <summary>As much of a DNS message (RFC 1035 §4.1) as forwarding takes: id, flags and the one question. Pure; all bytes are a stranger's.</summary>
internal static class DnsMessage
{
    /// <summary>The fixed part.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Characters of a name with its dots; a label's byte that is no plain character counts four, as \DDD.</summary>
    public const int NameCharactersMax = 4 * NameBytesMax;

    /// <summary>SERVFAIL, RFC 1035 §4.1.1.</summary>
    public const int ServerFailure = 2;

    // RFC 1035 §2.3.4.
    private const int NameBytesMax = 255;
    private const int LabelBytesMax = 63;
    private const int TypeAndClassBytes = 4;
    private const ushort ResponseFlag = 0x8000;
    private const ushort OperationMask = 0x7800;
    private const ushort RecursionDesired = 0x0100;
    private const ushort RecursionAvailable = 0x0080;

    /// <summary>Reads a question.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="name">Gets the name in presentation form without the dot at the end; <see cref="NameCharactersMax"/>. The root is empty.</param>
    /// <param name="nameCharacters">Its length.</param>
    /// <param name="end">Where the question ends.</param>
    /// <returns>False: not a standard query with exactly one question.</returns>
    public static bool TryReadQuestion(ReadOnlySpan<byte> message, Span<char> name, out int nameCharacters, out int end)
    {
        (nameCharacters, end) = (0, 0);
        if (message.Length < HeaderBytes
            || (BinaryPrimitives.ReadUInt16BigEndian(message[2..]) & (ResponseFlag | OperationMask)) != 0
            || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            return false;
        }

        var offset = HeaderBytes;
        while (offset < message.Length && message[offset] is not 0 and var bytes)
        {
            // More than 63 is a pointer, and there is nothing before the first name to point to.
            if (bytes > LabelBytesMax || offset + 1 + bytes >= message.Length || offset + 1 + bytes - HeaderBytes >= NameBytesMax)
            {
                return false;
            }

            if (nameCharacters > 0)
            {
                name[nameCharacters++] = '.';
            }

            WriteLabel(message.Slice(offset + 1, bytes), name, ref nameCharacters);
            offset += 1 + bytes;
        }

        end = offset + 1 + TypeAndClassBytes;
        return end <= message.Length;
    }

    /// <summary>Whether a message answers a question: same id, a response, and the same question, or none with an error.</summary>
    /// <param name="question">A message that <see cref="TryReadQuestion"/> took.</param>
    /// <param name="questionEnd">Where its question ends.</param>
    /// <param name="answer">Any bytes.</param>
    public static bool IsAnswer(ReadOnlySpan<byte> question, int questionEnd, ReadOnlySpan<byte> answer)
    {
        if (answer.Length < HeaderBytes
            || !answer[..2].SequenceEqual(question[..2])
            || (BinaryPrimitives.ReadUInt16BigEndian(answer[2..]) & (ResponseFlag | OperationMask)) != ResponseFlag)
        {
            return false;
        }

        return BinaryPrimitives.ReadUInt16BigEndian(answer[4..]) switch
        {
            0 => ResponseCode(answer) != 0,
            1 => answer.Length >= questionEnd && IsSameQuestion(question[HeaderBytes..questionEnd], answer[HeaderBytes..questionEnd]),
            _ => false,
        };
    }

    /// <summary>RCODE of a message with a whole header.</summary>
    public static int ResponseCode(ReadOnlySpan<byte> message) => message[3] & 0x0f;

    /// <summary>The answer that there is none.</summary>
    /// <param name="question">A message that <see cref="TryReadQuestion"/> took.</param>
    /// <param name="questionEnd">Where its question ends.</param>
    /// <param name="responseCode">0..15.</param>
    public static byte[] MakeFailure(ReadOnlySpan<byte> question, int questionEnd, int responseCode)
    {
        var answer = question[..questionEnd].ToArray();
        var asked = BinaryPrimitives.ReadUInt16BigEndian(question[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), (ushort)(ResponseFlag | (asked & RecursionDesired) | RecursionAvailable | responseCode));

        // One question, nothing else.
        answer.AsSpan(6, 6).Clear();
        return answer;
    }

    // Servers may change the case of letters (RFC 4343); the bytes of type and class that are letters by chance are no harm.
    private static bool IsSameQuestion(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            if (Lower(a[i]) != Lower(b[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static byte Lower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;

    // A dot or any byte beyond plain characters inside a label is written \DDD (RFC 4343 §2.1), so that no label can pose as two.
    private static void WriteLabel(ReadOnlySpan<byte> label, Span<char> name, ref int characters)
    {
        foreach (var value in label)
        {
            if (value is > 0x20 and < 0x7f and not (byte)'.' and not (byte)'\\')
            {
                name[characters++] = (char)value;
            }
            else
            {
                name[characters++] = '\\';
                name[characters++] = (char)('0' + (value / 100));
                name[characters++] = (char)('0' + (value / 10 % 10));
                name[characters++] = (char)('0' + (value % 10));
            }
        }
    }
}
