using System.Text;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>UTF-8 text: the characters and words at which readers of names, addresses, URIs, JSON and PEM tend to break.</summary>
internal sealed class TextShape : FuzzShape
{
    private static readonly byte[][] Words =
    [
        .. new[]
        {
            "", " ", "\t", "\r\n", "\0", "/", "//", "..", "../", ":", "::", "::1", "[", "]", "%", "%00", "%25", "#", "?", "&", "=", "@", "-", "--", "_", "+", ",", ";", "*", "!", "~", "\\", "\"", "'", "`", "$(x)", "{", "}", "[]",
            "{}", "null", "true", "false", "NaN", "-0", "1e999", "0", "-1", "1", "255", "256", "65535", "65536", "2147483648", "4294967296", "9223372036854775808", "18446744073709551616", "0x10", "01", "127.0.0.1", "0.0.0.0/0", "1.2.3.4/33",
            "uem://", "activate", "device", "node", "\u00e9", "\u202e", "\ufeff", "\ud7ff", "\U0001F600", "\\u0000", "\\ud800", "-----BEGIN ", "-----END ", "A", "====", "xn--", "localhost",
        }.Select(Encoding.UTF8.GetBytes),
        [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
    ];

    public static FuzzShape Instance { get; } = new TextShape();

    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        var at = random.Next(input.Length + 1);
        var word = Words[random.Next(Words.Length)];
        switch (random.Next(7))
        {
            case 0:
                return BytesShape.With(input, at, word);
            case 1:
                return [.. input.AsSpan(0, at), .. word, .. input.AsSpan(Math.Min(input.Length, at + Math.Max(1, word.Length)))];
            case 2:
                return ReplacedRun(input, at, word, random);
            case 3 when input.Length > 0:
                var bytes = (byte[])input.Clone();
                bytes[Math.Min(at, bytes.Length - 1)] = (byte)random.Next(0x20, 0x7F);
                return bytes;
            case 4 when random.Once(20):
                return BytesShape.With(input, at, Encoding.ASCII.GetBytes(new string(random.Once(2) ? '[' : 'a', random.Next(1, 3_000))));
            default:
                return Bytes.Mutate(input, random);
        }
    }

    // A whole word or number between two signs becomes another.
    private static byte[] ReplacedRun(byte[] input, int at, byte[] word, FuzzRandom random)
    {
        var start = at;
        while (start > 0 && IsWord(input[start - 1]))
        {
            start--;
        }

        var end = at;
        while (end < input.Length && IsWord(input[end]))
        {
            end++;
        }

        var number = Encoding.ASCII.GetBytes(random.NextEdge().ToString(System.Globalization.CultureInfo.InvariantCulture));
        return [.. input.AsSpan(0, start), .. random.Once(3) ? number : word, .. input.AsSpan(end)];
    }

    private static bool IsWord(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'+';
}
