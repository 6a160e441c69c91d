using System.Collections.Immutable;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A record with a member of every kind that grain contracts have.</summary>
[GenerateSerializer, Immutable]
public sealed record KindsNote
{
    [Id(0)]
    public string Text { get; init; } = "";

    [Id(1)]
    public string? Absent { get; init; }

    [Id(2)]
    public ulong Number { get; init; }

    [Id(3)]
    public int? Maybe { get; init; }

    [Id(4)]
    public bool IsSet { get; init; }

    [Id(5)]
    public DayOfWeek Day { get; init; }

    [Id(6)]
    public ReadOnlyMemory<byte> Bytes { get; init; }

    [Id(7)]
    public ImmutableArray<string> Texts { get; init; } = [];

    [Id(8)]
    public ImmutableArray<ImmutableNote> Notes { get; init; } = [];

    [Id(9)]
    public ImmutableNote? Note { get; init; }

    [Id(10)]
    public DateTimeOffset At { get; init; }

    [Id(11)]
    public TimeSpan Span { get; init; }

    [Id(12)]
    public Guid Id { get; init; }

    /// <summary>A note with every member set, at bounds where there are some.</summary>
    public static KindsNote Full() => new()
    {
        Text = "ü\0\u2028",
        Absent = "here",
        Number = ulong.MaxValue,
        Maybe = int.MinValue,
        IsSet = true,
        Day = DayOfWeek.Saturday,
        Bytes = new byte[] { 0, 1, 255 },
        Texts = ["", "a"],
        Notes = [new ImmutableNote("n", 1)],
        Note = new ImmutableNote("m", -1),
        At = DateTimeOffset.UnixEpoch.ToOffset(TimeSpan.FromHours(2)),
        Span = TimeSpan.MinValue,
        Id = Guid.Parse("6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
    };
}
