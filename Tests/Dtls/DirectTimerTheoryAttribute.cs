using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <inheritdoc cref="DirectTimerFactAttribute"/>
internal sealed class DirectTimerTheoryAttribute : TheoryAttribute
{
    public DirectTimerTheoryAttribute()
    {
        Skip = SslTimerProbe.Control == SslTimerControl.Direct ? null : DirectTimerFactAttribute.Reason;
    }
}
