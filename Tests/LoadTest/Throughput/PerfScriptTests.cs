using OrleansUem.LoadTest.Throughput.Profiling;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class PerfScriptTests
{
    // perf 6.1: script --no-inline -F pid,ip,sym,dso
    private const string Recorded = """
         4711 
        	ffffffff81c3b2a5 tun_get_user ([tun])
        	ffffffff8132f0e1 vfs_write ([kernel.kallsyms])
        	ffffffff8132f5aa ksys_write ([kernel.kallsyms])
        	ffffffff81c4d12a do_syscall_64 ([kernel.kallsyms])
        	ffffffff82000b40 entry_SYSCALL_64_after_hwframe ([kernel.kallsyms])
        	    7f21a3f1c0ef __write (/usr/lib/x86_64-linux-gnu/libc.so.6)

         4711 
        	    7f2172a41b10 void [OrleansUem.Transport] OrleansUem.Transport.FrameBatch::Commit(Channel,int32)[Tier1] (/tmp/perf-4711.map)

         4712 
        	    7f21a2f1c0ef aesni_ctr32_encrypt_blocks (/usr/lib/x86_64-linux-gnu/libcrypto.so.3)
        	    7f21a2f1c0ff [unknown] ([unknown])

         4712 
        	ffffffff81c3b2a5 finish_task_switch.isra.0 ([kernel.kallsyms])
        	ffffffff8132f5aa __x64_sys_sched_yield ([kernel.kallsyms])
        	ffffffff8132f5aa x64_sys_call ([kernel.kallsyms])
        	ffffffff81c4d12a do_syscall_64 ([kernel.kallsyms])

         4712 
        	ffffffff82000b40 asm_sysvec_apic_timer_interrupt ([kernel.kallsyms])

         4712 
        	    7f21a2f1c0ef [unknown] (/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.0/libcoreclr.so)

         4712 
        	    7f21a2f1c0ef [unknown] (memfd:doublemapper (deleted))
        """;

    private static readonly PerfSample[] Samples = [.. PerfScript.Read(Recorded.Split('\n'))];

    [Fact]
    public void Read_Samples_HaveProcessAndFrames()
    {
        Assert.Equal([4711, 4711, 4712, 4712, 4712, 4712, 4712], Samples.Select(sample => sample.ProcessId));
        Assert.Equal(new PerfFrame("tun_get_user", "[tun]"), Samples[0].Frames[0]);
        Assert.Equal(6, Samples[0].Frames.Count);
        Assert.Equal("void [OrleansUem.Transport] OrleansUem.Transport.FrameBatch::Commit(Channel,int32)[Tier1]", Samples[1].Frames[0].Symbol);
    }

    [Fact]
    public void Kind_Samples_AreSorted() => Assert.Equal(
        ["kernel: write", "managed code", "OpenSSL", "kernel: sched_yield", "kernel: interrupts, page faults", ".NET runtime", "managed code"], Samples.Select(CostKinds.Of));

    [Fact]
    public void Markdown_OneRole_HasNanosecondsOfAPacket()
    {
        // 2 s for 10^9 bytes are 2,800 ns for 1,400.
        var markdown = ProfileMarkdown.Write("A profile", 1e9, [new RoleProfile("device", 2, [.. Samples.Where(sample => sample.ProcessId == 4711)])]);
        Assert.Contains("## device: 2.0 s of CPU, 2800 ns for 1400 bytes, 2 samples", markdown, StringComparison.Ordinal);
        Assert.Contains("| kernel: write | 50.0 % | 1400 |", markdown, StringComparison.Ordinal);
        Assert.Contains("| `tun_get_user` kernel | 50.0 % | 1400 |", markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OtherText_HasNoSamples() => Assert.Empty(PerfScript.Read(["perf: no such file", "", "x", ""]));
}
