using OrleansUem.Device.Names;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>What programs of the machine ask the device's name stub, and what servers answer.</summary>
internal sealed class DnsMessageParser : FuzzParser
{
    private static readonly byte[] Question = Convert.FromHexString("1a2b01000001000000000000037765620463" + "6f7270076578616d706c650000010001");

    public override bool Take(ReadOnlySpan<byte> input)
    {
        // As an answer it must not break anything, whatever it is.
        _ = DnsMessage.IsAnswer(Question, Question.Length, input);
        Span<char> name = stackalloc char[DnsMessage.NameCharactersMax];
        if (!DnsMessage.TryReadQuestion(input, name, out var characters, out var end))
        {
            return false;
        }

        Require(end <= input.Length && characters <= DnsMessage.NameCharactersMax, "The question ends inside the message.");
        _ = WorkDomains.Of(["corp.example"]).Contains(name[..characters]);
        var failure = DnsMessage.MakeFailure(input, end, DnsMessage.ServerFailure);
        Require(DnsMessage.IsAnswer(input, end, failure), "A failure answers its question.");
        return true;
    }
}
