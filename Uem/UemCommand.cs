using System.CommandLine;
using OrleansUem.Uem.Commands;

namespace OrleansUem.Uem;

/// <summary>The program's command line.</summary>
internal static class UemCommand
{
    /// <summary>Makes the root command with all roles.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand(
            "OrleansUem: a self-hosted secure relay and unified endpoint management. Work apps on devices reach servers behind the firewall, through a relay that cannot read them.\n\n"
            + "  In this order: up and admin invite (at the relay), node init and node (in the organisation), node activate, device enrol and device run (on the device).")
        {
            UpCommand.Create(),
            SiloCommands.Create(),
            EdgeCommands.Create(),
            NodeCommands.Create(),
            DeviceCommands.Create(),
            AdminCommands.Create(),
            CryptoCommand.Create(),
            LoadCommands.Create(),
        };
        FipsOptions.AddTo(root);
        return root;
    }
}
