using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Machines;

public sealed class ChildProcessTests
{
    [RequiresFact(Requirement.None, "sh")]
    public async Task WaitForLine_LinesOfBothStreams_AreFoundInAnyOrder()
    {
        await using ChildProcess process = Shell("echo one; echo two >&2; echo three");
        Assert.Equal("three", await process.WaitForLineAsync("the last line", line => line == "three"));
        Assert.Equal("one", await process.WaitForLineAsync("an earlier line", line => line == "one"));
        Assert.Equal("two", await process.WaitForLineAsync("a line of stderr", line => line == "two"));
        Assert.Equal(0, await process.WaitForExitAsync("the end"));
    }

    [RequiresFact(Requirement.None, "sh")]
    public async Task WaitForLine_NeverCame_NamesPhaseAndShowsOutput()
    {
        await using ChildProcess process = Shell("echo hello; exec sleep 600");
        await process.WaitForLineAsync("greeting", line => line == "hello");
        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(
            () => process.WaitForLineAsync("attach of the device", _ => false, TimeSpan.FromMilliseconds(50)));
        Assert.StartsWith("attach of the device:", late.Message, StringComparison.Ordinal);
        Assert.Contains("1> hello", late.Message, StringComparison.Ordinal);
        process.Kill();
        InvalidOperationException ended = await Assert.ThrowsAsync<InvalidOperationException>(
            () => process.WaitForLineAsync("second greeting", line => line == "again"));
        Assert.Contains("ended with 137", ended.Message, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.None, "sh")]
    public async Task Interrupt_ProgramWithHandler_EndsByItself()
    {
        await using ChildProcess process = Shell("trap 'echo bye; exit 7' INT; echo ready; while :; do sleep 0.05; done");
        await process.WaitForLineAsync("ready", line => line == "ready");
        process.Interrupt();
        Assert.Equal(7, await process.WaitForExitAsync("ending after SIGINT"));
        Assert.Contains(process.Lines, line => line is { Text: "bye", IsError: false });
    }

    [RequiresFact(Requirement.None, "sh")]
    public async Task Dispose_RunningProgram_EndsItWithItsChildren()
    {
        ChildProcess process = Shell("sleep 600 & echo $!; wait");
        string child = await process.WaitForLineAsync("the child's id", line => line.Length > 0);
        await process.DisposeAsync();

        // Dispose has seen the end of the output, which the child shared, so the child has let go of its memory: its command
        // line is empty until it is reaped, then its directory is gone.
        Assert.Equal("", ReadCommandLine(child));
    }

    private static string ReadCommandLine(string processId)
    {
        try
        {
            return File.ReadAllText("/proc/" + processId + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static ChildProcess Shell(string script) => ChildProcess.Start(null, "sh", ["-c", script]);
}
