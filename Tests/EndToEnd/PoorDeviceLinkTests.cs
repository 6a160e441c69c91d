using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary><see cref="PoorLinkTests"/> with the poor link between device and relay.</summary>
[Trait("Category", "E2E")]
public sealed class PoorDeviceLinkTests(PoorDeviceLinkTests.Installation shared)
    : PoorLinkTests(shared), IClassFixture<PoorDeviceLinkTests.Installation>
{
    public sealed class Installation : SharedInstallation
    {
        protected override LinkQuality? DeviceLink => LinkQuality.Poor;
    }
}
