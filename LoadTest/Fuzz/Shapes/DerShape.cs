namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>
/// DER (X.690): a mutation drops, repeats, moves, replaces or changes one element at any depth, OCTET STRINGs and BIT STRINGs that hold elements included, and writes the lengths around it anew; now and
/// then it writes one length wrongly on purpose.
/// </summary>
internal sealed class DerShape : FuzzShape
{
    private const int MaxDepth = 12;
    private static readonly byte[] Tags = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0x82, 0x86, 0xA0, 0xA3, 0x1F, 0xFF];

    public static FuzzShape Instance { get; } = new DerShape();

    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        if (random.Once(8) || !TryRead(input, MaxDepth, out var elements))
        {
            return Bytes.Mutate(input, random);
        }

        // One list of siblings at any depth, each as likely.
        List<List<Element>> lists = [elements];
        Collect(elements, lists);
        var siblings = lists[random.Next(lists.Count)];
        if (siblings.Count == 0)
        {
            return Bytes.Mutate(input, random);
        }

        Change(siblings, lists, random);
        var bytes = new List<byte>();
        Write(elements, bytes);
        return Bounded([.. bytes]);
    }

    private static void Change(List<Element> siblings, List<List<Element>> lists, FuzzRandom random)
    {
        var at = random.Next(siblings.Count);
        var element = siblings[at];
        switch (random.Next(9))
        {
            case 0:
                siblings.RemoveAt(at);
                break;
            case 1:
                siblings.InsertRange(at, Enumerable.Repeat(element, random.Once(20) ? 100 : 1));
                break;
            case 2:
                (siblings[at], siblings[^1]) = (siblings[^1], siblings[at]);
                break;
            case 3:
                var other = lists[random.Next(lists.Count)];
                if (other.Count > 0 && !Contains(other, siblings))
                {
                    siblings[at] = other[random.Next(other.Count)].Flat();
                }

                break;
            case 4:
                element.Tag = Tags[random.Next(Tags.Length)];
                break;
            case 5:
                element.WrongLength = (int)(random.NextEdge() & 0xFFFF_FFFF);
                break;
            default:
                siblings[at] = new Element(element.Tag, Bytes.Mutate(element.Flat().Value, random), element.UnusedBits, null);
                break;
        }
    }

    private static bool Contains(List<Element> list, List<Element> wanted) =>
        ReferenceEquals(list, wanted) || list.Any(element => element.Children is { } children && Contains(children, wanted));

    private static void Collect(List<Element> elements, List<List<Element>> lists)
    {
        foreach (var element in elements)
        {
            if (element.Children is { } children)
            {
                lists.Add(children);
                Collect(children, lists);
            }
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> input, int depth, out List<Element> elements)
    {
        elements = [];
        while (!input.IsEmpty)
        {
            if (input.Length < 2 || (input[0] & 0x1F) == 0x1F || !TryLength(input, out var header, out var length) || header + length > input.Length)
            {
                return false;
            }

            var value = input.Slice(header, length);
            var tag = input[0];
            List<Element>? children = null;
            byte? unusedBits = null;
            var isConstructed = (tag & 0x20) != 0;
            var mayHold = isConstructed || tag is 0x03 or 0x04;
            var inner = tag == 0x03 && value is [0, ..] ? value[1..] : value;
            if (mayHold && depth > 0 && (isConstructed || inner is [0x30 or 0x02 or 0x03 or 0x01, ..]) && TryRead(inner, depth - 1, out var found))
            {
                children = found;
                unusedBits = tag == 0x03 ? 0 : null;
            }

            elements.Add(new Element(tag, children is null ? value.ToArray() : [], unusedBits, children));
            input = input[(header + length)..];
        }

        return true;
    }

    private static bool TryLength(ReadOnlySpan<byte> input, out int header, out int length)
    {
        length = input[1];
        header = 2;
        if (length < 0x80)
        {
            return true;
        }

        var count = length & 0x7F;
        header += count;
        length = 0;
        if (count is 0 or > 3 || input.Length < header)
        {
            return false;
        }

        foreach (var b in input.Slice(2, count))
        {
            length = (length << 8) | b;
        }

        return true;
    }

    private static void Write(List<Element> elements, List<byte> bytes)
    {
        foreach (var element in elements)
        {
            element.Write(bytes);
        }
    }

    private sealed class Element(byte tag, byte[] value, byte? unusedBits, List<Element>? children)
    {
        public byte Tag { get; set; } = tag;

        public byte[] Value { get; } = value;

        public byte? UnusedBits { get; } = unusedBits;

        public List<Element>? Children { get; } = children;

        public int? WrongLength { get; set; }

        public Element Flat()
        {
            if (Children is null)
            {
                return this;
            }

            var inner = new List<byte>();
            DerShape.Write(Children, inner);
            return new Element(Tag, [.. inner], UnusedBits, null);
        }

        public void Write(List<byte> bytes)
        {
            if (bytes.Count > MaxBytes)
            {
                return;
            }

            var flat = Flat();
            var length = WrongLength ?? flat.Value.Length + (UnusedBits is null ? 0 : 1);
            bytes.Add(Tag);
            if (length is >= 0 and < 0x80)
            {
                bytes.Add((byte)length);
            }
            else if (length is >= 0 and <= 0xFF)
            {
                bytes.AddRange([0x81, (byte)length]);
            }
            else if (length is >= 0 and <= 0xFFFF)
            {
                bytes.AddRange([0x82, (byte)(length >> 8), (byte)length]);
            }
            else
            {
                bytes.AddRange([0x84, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            }

            if (UnusedBits is { } unused)
            {
                bytes.Add(unused);
            }

            bytes.AddRange(flat.Value);
        }
    }
}
