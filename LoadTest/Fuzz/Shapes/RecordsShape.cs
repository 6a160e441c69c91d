using System.Buffers.Binary;

namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>A datagram of DTLS records (RFC 6347 §4.1): a mutation drops, repeats or moves one, or changes a field of its header or its content, the length fitting again.</summary>
internal sealed class RecordsShape : FuzzShape
{
    private const int HeaderBytes = 13;

    public static FuzzShape Instance { get; } = new RecordsShape();

    public override byte[] Mutate(byte[] input, FuzzRandom random)
    {
        if (random.Once(8) || !TrySplit(input, out var records))
        {
            return Bytes.Mutate(input, random);
        }

        var at = random.Next(records.Count);
        var record = (byte[])records[at].Clone();
        switch (random.Next(8))
        {
            case 0:
                records.Insert(random.Next(records.Count), record);
                break;
            case 1 when records.Count > 1:
                records.RemoveAt(at);
                break;
            case 2:
                record[0] = random.Once(3) ? random.NextByte() : (byte)random.Next(20, 26);
                records[at] = record;
                break;
            case 3:
                BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(1), (ushort)random.Next(0xFEFC, 0x10000));
                records[at] = record;
                break;
            case 4:
                BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(3), (ushort)(random.Once(3) ? (int)(random.NextEdge() & 0xFFFF) : random.Next(3)));
                records[at] = record;
                break;
            case 5:
                var sequence = random.NextEdge();
                BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(5), (ushort)(sequence >> 32));
                BinaryPrimitives.WriteUInt32BigEndian(record.AsSpan(7), (uint)sequence);
                records[at] = record;
                break;
            default:
                var content = Bytes.Mutate(record[HeaderBytes..], random);
                content = content.Length <= 16_384 ? content : content[..16_384];
                BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(11), (ushort)content.Length);
                records[at] = [.. record.AsSpan(0, HeaderBytes), .. content];
                break;
        }

        return Bounded([.. records.SelectMany(bytes => bytes)]);
    }

    private static bool TrySplit(byte[] input, out List<byte[]> records)
    {
        records = [];
        var at = 0;
        while (input.Length - at >= HeaderBytes)
        {
            var end = at + HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(input.AsSpan(at + 11));
            if (end > input.Length)
            {
                return false;
            }

            records.Add(input[at..end]);
            at = end;
        }

        return at == input.Length && records.Count > 0;
    }
}
