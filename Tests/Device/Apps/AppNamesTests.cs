using System.Runtime.Versioning;
using OrleansUem.Device.Apps;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Apps;

[UnsupportedOSPlatform("windows")]
public sealed class AppNamesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-names-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [RequiresFact(Requirement.Root)]
    public void Read_OfNamesAndPaths_FindsThemAsAShellDoes()
    {
        var own = Program("bin/own");
        var names = AppNames.Read("--apps", ["sh,env", own]);
        Assert.Equal(3, names.Programs.Count);
        Assert.EndsWith("/sh", names.Programs[0], StringComparison.Ordinal);
        Assert.True(names.Contains(own));
        Assert.False(names.Contains(Path.Combine(_folder, "bin/other")));
    }

    [RequiresFact(Requirement.Root)]
    public void Program_ThroughALinkOfItsDirectory_IsTheSame_AndThroughItsOwnLinkIsNot()
    {
        var program = Program("bin/box");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "sbin"), Path.Combine(_folder, "bin"));
        File.CreateSymbolicLink(Path.Combine(_folder, "bin/applet"), program);
        var names = AppNames.Read("--apps", [Path.Combine(_folder, "sbin/box")]);
        Assert.Equal(program, Assert.Single(names.Programs));
        Assert.False(names.Contains(AppNames.Canonical(Path.Combine(_folder, "sbin/applet"))));

        var fault = Assert.Throws<FormatException>(() => AppNames.Read("--apps", [program, Path.Combine(_folder, "sbin/box")]));
        Assert.Contains("one app twice", fault.Message, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Root)]
    public void Read_OfMoreThanTheBound_NamesIt()
    {
        var paths = Enumerable.Range(0, AppNames.Max + 1).Select(i => Program($"bin/app{i}")).ToArray();
        Assert.Equal(AppNames.Max, AppNames.Read("--apps", paths[1..]).Programs.Count);
        Assert.Contains("more than 64 apps", Assert.Throws<FormatException>(() => AppNames.Read("--apps", paths)).Message, StringComparison.Ordinal);
        Assert.Contains("names no app", Assert.Throws<FormatException>(() => AppNames.Read("--apps", [])).Message, StringComparison.Ordinal);
    }

    private string Program(string name)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "#!/bin/sh\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }
}
