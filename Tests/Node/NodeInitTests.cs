using OrleansUem.Agent.Identity;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Ids;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class NodeInitTests
{
    [Fact]
    public async Task Init_Fresh_StoresTenantAndNodeForTheOwnerAlone()
    {
        using var state = await NodeState.CreateAsync();
        using var authority = state.LoadAuthority();
        using var opened = AgentState.Open(state.Path, PeerRole.Node);
        Assert.Equal(new PeerIdentity(authority.Id, PeerRole.Node, "node-1"), opened.Identity);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(state.Files.PathOf(NodeFiles.TenantKey)));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(state.Files.PathOf(NodeFiles.Issued)));
        }
    }

    [Fact]
    public async Task Init_AgainWithTheSameInvitation_ChangesNothing()
    {
        using var state = await NodeState.CreateAsync();
        var before = File.ReadAllText(state.Files.PathOf("agent.json"));
        await state.InitAsync();
        Assert.Equal(1, state.Registrations);
        Assert.Equal(before, File.ReadAllText(state.Files.PathOf("agent.json")));
    }

    [Fact]
    public async Task Init_OverAnotherNode_Refuses()
    {
        using var state = await NodeState.CreateAsync();
        var before = File.ReadAllText(state.Files.PathOf(NodeFiles.TenantKey));
        await Assert.ThrowsAsync<AgentStateException>(() => state.InitAsync("node-2"));
        Assert.Equal(before, File.ReadAllText(state.Files.PathOf(NodeFiles.TenantKey)));
    }

    [Fact]
    public async Task Init_AfterALostAnswer_GoesOnWithTheSameRoot()
    {
        using var state = await NodeState.CreateAsync();
        var directory = System.IO.Path.Combine(state.Path, "second");
        await Assert.ThrowsAsync<EnrolmentException>(() => state.InitAsync("node-2", directory, isLost: true));
        var files = new StateDirectory(directory);
        using var first = NodeFiles.LoadAuthority(files);
        var identity = await state.InitAsync("node-2", directory);
        Assert.Equal(first.Id, identity.Root);
    }
}
