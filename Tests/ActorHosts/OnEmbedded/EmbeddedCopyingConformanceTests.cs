using OrleansUem.Tests.ActorHosts.Conformance;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite with every argument and result copied, as between processes.</summary>
public sealed class EmbeddedCopyingConformanceTests : ActorHostConformance
{
    [Fact]
    public async Task Argument_Immutable_IsCopied()
    {
        var note = new ImmutableNote(NewKey(), 1);
        ImmutableNote.Sent[note.Text] = note;
        Assert.False(await Grains.GetGrain<ICallGrain>(NewKey()).IsSameAsync(note));
    }

    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters) =>
        await ActorHostFixture.StartAsync(static options => options.CopiesAlways = true, services => NotingFilter.Add(services, filters));
}
