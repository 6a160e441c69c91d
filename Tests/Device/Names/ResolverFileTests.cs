using System.Runtime.Versioning;
using OrleansUem.Device;
using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

[UnsupportedOSPlatform("windows")]
public sealed class ResolverFileTests : IDisposable
{
    private const string Own = "nameserver 192.0.2.1\nsearch home.example\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-names-").FullName;

    private string State => Path.Combine(_folder, "state");

    private string Resolver => Path.Combine(_folder, "resolv.conf");

    public ResolverFileTests() => Directory.CreateDirectory(State);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Restore_AResolverHasTheSameBytesAndMode()
    {
        File.WriteAllText(Resolver, Own);
        File.SetUnixFileMode(Resolver, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var file = Take();
        Assert.True(file.IsOurs);
        Assert.Equal("home.example", Assert.Single(file.Former.Search));
        Assert.StartsWith("# ", File.ReadAllText(Resolver), StringComparison.Ordinal);
        Assert.True(ResolverFile.IsTaken(State));

        Assert.Contains("as it was before", ResolverFile.Restore(State), StringComparison.Ordinal);
        Assert.Equal(Own, File.ReadAllText(Resolver));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Resolver));
        Assert.False(ResolverFile.IsTaken(State));
        Assert.Empty(ResolverFile.Restore(State));
        Assert.Equal(["resolv.conf", "state"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Restore_ALink_IsThatLinkAndItsTargetWasNeverTouched()
    {
        var target = Path.Combine(_folder, "managed.conf");
        File.WriteAllText(target, Own);
        File.CreateSymbolicLink(Resolver, "managed.conf");
        var file = Take();
        Assert.Equal(target, file.Source);
        Assert.Null(new FileInfo(Resolver).LinkTarget);
        Assert.Equal(Own, File.ReadAllText(target));

        // Its owner writes it for another network.
        File.WriteAllText(target, "nameserver 192.0.2.2\n");
        Assert.True(file.Refresh());
        Assert.Equal("192.0.2.2", Assert.Single(file.Former.Servers).ToString());
        Assert.False(file.Refresh());

        ResolverFile.Restore(State);
        Assert.Equal("managed.conf", new FileInfo(Resolver).LinkTarget);
        Assert.Equal("nameserver 192.0.2.2\n", File.ReadAllText(target));
    }

    [Fact]
    public void Restore_Nothing_IsNothing()
    {
        Take();
        Assert.True(File.Exists(Resolver));
        ResolverFile.Restore(State);
        Assert.False(File.Exists(Resolver));
    }

    [Fact]
    public void Restore_RewrittenBySomebodyElse_IsLeftToThem()
    {
        File.WriteAllText(Resolver, Own);
        Take();
        File.WriteAllText(Resolver, "nameserver 192.0.2.9\n");
        Assert.Contains("left as it is", ResolverFile.Restore(State), StringComparison.Ordinal);
        Assert.Equal("nameserver 192.0.2.9\n", File.ReadAllText(Resolver));
        Assert.False(ResolverFile.IsTaken(State));
    }

    [Fact]
    public void Take_AfterSomebodyElseWroteIt_KeepsTheirsForTheEnd()
    {
        File.WriteAllText(Resolver, Own);
        var file = Take();
        File.WriteAllText(Resolver, "nameserver 192.0.2.9\n");
        Assert.False(file.IsOurs);
        file.Take((mark, former) => $"# {mark}\n");
        Assert.Equal("192.0.2.9", Assert.Single(file.Former.Servers).ToString());

        // With other domains it stays the former one.
        file.Take((mark, former) => $"# {mark}\nsearch other.example\n");
        ResolverFile.Restore(State);
        Assert.Equal("nameserver 192.0.2.9\n", File.ReadAllText(Resolver));
    }

    [Fact]
    public void Take_FileOfAnotherAgent_IsRefusedWithWhatToDo()
    {
        File.WriteAllText(Resolver, Own);
        Take();
        var other = Path.Combine(_folder, "other");
        Directory.CreateDirectory(other);
        var refusal = Assert.Throws<IOException>(() => new ResolverFile(other, Resolver).Take((mark, _) => $"# {mark}\n"));
        Assert.Contains("uem device down", refusal.Message, StringComparison.Ordinal);
        Assert.False(ResolverFile.IsTaken(other));
        Directory.Delete(other);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"version":2,"path":"/x","mark":"m","mode":0}""")]
    public void Restore_DamagedDocument_SaysWhatToDo(string document)
    {
        File.WriteAllText(Path.Combine(State, ResolverFile.DocumentName), document);
        var fault = Assert.Throws<DeviceFatalException>(() => ResolverFile.Restore(State));
        Assert.Contains("by hand", fault.Message, StringComparison.Ordinal);
    }

    private ResolverFile Take()
    {
        var file = new ResolverFile(State, Resolver);
        file.Take((mark, former) => $"# {mark}\nnameserver 127.0.0.9\n");
        return file;
    }
}
