using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary><see cref="PoorLinkTests"/> with the poor link between node and relay.</summary>
[Trait("Category", "E2E")]
public sealed class PoorNodeLinkTests(PoorNodeLinkTests.Installation shared)
    : PoorLinkTests(shared), IClassFixture<PoorNodeLinkTests.Installation>
{
    public sealed class Installation : SharedInstallation
    {
        protected override LinkQuality? NodeLink => LinkQuality.Poor;
    }
}
