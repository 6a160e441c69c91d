using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The node's commands, as root or as a user.</summary>
public sealed partial class UemInstallation
{
    private string[] _nodeUser = [];

    /// <summary>As <see cref="StartWithoutDeviceAsync"/>, with a node that belongs to a user without any right, from its CA on.</summary>
    public static async Task<UemInstallation> StartWithUsersNodeAsync(params string[] nodeArguments)
    {
        var installation = new UemInstallation
        {
            _nodeArguments = nodeArguments,
            _nodeUser = ["setpriv", "--reuid", RequirementCheck.UnprivilegedUser, "--regid", RequirementCheck.UnprivilegedUser, "--clear-groups"],
        };
        try
        {
            await installation.BuildNetworkAsync(null, null);
            await installation.NodeSide.RunAsync("chmod", "711", installation._folder);
            await installation.NodeSide.RunAsync("mkdir", "--mode", "700", installation.StateOf("user"));
            await installation.NodeSide.RunAsync("chown", RequirementCheck.UnprivilegedUser, installation.StateOf("user"));
            installation.NodeSide.WriteSetting("ipv4/ping_group_range", $"{RequirementCheck.UnprivilegedUser} {RequirementCheck.UnprivilegedUser}");
            await installation.StartRelayAsync();
            await installation.StartOrganisationAsync();
            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    private string NodeState => _nodeUser.Length == 0 ? StateOf("node") : Path.Combine(StateOf("user"), "node");

    private string[] NodeWords(params string[] arguments) => [.. _nodeUser, "dotnet", ProgramPath, .. arguments];

    private async Task<string> NodeAsync(params string[] arguments)
    {
        var words = NodeWords(arguments);
        return (await ProcessUnderTest.RunAsync(NodeSide, $"uem {arguments[0]} {arguments[1]}", TimeSpan.FromSeconds(60), words[0], words[1..])).EnsureSuccess().Output.Trim();
    }
}
