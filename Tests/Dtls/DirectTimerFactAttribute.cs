using OrleansUem.Dtls.Native;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>Runs where libssl's timer follows a virtual clock, and is reported as skipped elsewhere.</summary>
internal sealed class DirectTimerFactAttribute : FactAttribute
{
    internal const string Reason = "libssl 3.2 or newer follows real time only";

    public DirectTimerFactAttribute()
    {
        Skip = SslTimerProbe.Control == SslTimerControl.Direct ? null : Reason;
    }
}
