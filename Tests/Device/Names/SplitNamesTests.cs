using System.Net;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Device;
using OrleansUem.Device.Names;
using OrleansUem.Tests.Device.Control;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

[UnsupportedOSPlatform("windows")]
public sealed class SplitNamesTests : IDisposable
{
    private const string Own = "nameserver 192.0.2.1\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-split-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Whatever fails on the way, a machine is not left with our file.</summary>
    [Fact]
    public async Task End_AfterAFaultOfOurs_GivesTheFileBack()
    {
        var (state, resolver) = (Path.Combine(_folder, "state"), Path.Combine(_folder, "resolv.conf"));
        Directory.CreateDirectory(state);
        await File.WriteAllTextAsync(resolver, Own);
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new DeviceOptions { StateDirectory = state, Names = NameMode.Off };
        var names = new SplitNames(options, Fail, TimeProvider.System, NullLogger.Instance, resolver);
        names.Set(DeviceMonitorTests.Configuration);
        await failed.Task.WithinAsync("a step that is told");
        new ResolverFile(state, resolver).Take((mark, former) => former.PutBefore(mark, IPAddress.Loopback, []));
        Assert.NotEqual(Own, await File.ReadAllTextAsync(resolver));

        await names.DisposeAsync();

        Assert.Equal(Own, await File.ReadAllTextAsync(resolver));

        void Fail(DeviceStatus status)
        {
            if (failed.TrySetResult())
            {
                throw new InvalidOperationException("a fault of the test");
            }
        }
    }
}
