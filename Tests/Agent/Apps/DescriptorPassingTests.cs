using System.Text;
using OrleansUem.Agent.Native;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport.Native;
using Xunit;

namespace OrleansUem.Tests.Agent.Apps;

public sealed class DescriptorPassingTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [RequiresFact(Requirement.Root)]
    public void Receive_OfDescriptorsAfterText_BringsOpenFilesInTheirOrder()
    {
        var (ours, theirs) = DescriptorPassing.CreatePair();
        using (ours)
        using (theirs)
        {
            using var first = new WakeEvent();
            using var second = new WakeEvent();
            second.Signal();
            _ = Libc.Write(theirs, Encoding.UTF8.GetBytes("a warning\n"), 10);
            DescriptorPassing.Send(theirs, [first.Descriptor, second.Descriptor]);

            var received = DescriptorPassing.Receive(ours, Timeout, out var text);
            Assert.Equal("a warning", text);
            Assert.Equal(2, received!.Length);
            var count = new byte[8];
            Assert.Equal(-1, Libc.Read(received[0], count, count.Length));
            Assert.Equal(8, Libc.Read(received[1], count, count.Length));
            Array.ForEach(received, descriptor => descriptor.Dispose());
        }
    }

    [RequiresFact(Requirement.Root)]
    public void Receive_WhenTheOtherEndClosesOrIsSilent_BringsItsTextOrSaysSo()
    {
        var (ours, theirs) = DescriptorPassing.CreatePair();
        using (ours)
        {
            using (theirs)
            {
                Assert.Null(DescriptorPassing.Receive(ours, TimeSpan.Zero, out var silence));
                Assert.Equal("no answer in time", silence);
                _ = Libc.Write(theirs, "no luck"u8, 7);
            }

            Assert.Null(DescriptorPassing.Receive(ours, Timeout, out var text));
            Assert.Equal("no luck", text);
        }
    }
}
