using System.CommandLine;
using OrleansUem.Grains;

namespace OrleansUem.Uem.Commands;

/// <summary>How long tunnels live without renewal and without traffic; shared by <c>uem silo</c> and <c>uem up</c>.</summary>
internal sealed class TunnelLifeOptions
{
    private static readonly GrainOptions Defaults = new();

    private readonly Option<int> _lease = new("--lease-seconds")
    {
        HelpName = "SECONDS",
        Description = "how long an edge forwards a tunnel that the silo does not renew, 10..300: shorter cuts a lost edge off sooner and asks the silo more often",
        DefaultValueFactory = _ => (int)Defaults.LeaseLifetime.TotalSeconds,
    };

    private readonly Option<int> _idle = new("--idle-seconds")
    {
        HelpName = "SECONDS",
        Description = "a tunnel without traffic for this long is closed until the next packet, 10..86400; 0: never",
        DefaultValueFactory = _ => (int)Defaults.TunnelIdle.TotalSeconds,
    };

    public void AddTo(Command command)
    {
        command.Add(_lease);
        command.Add(_idle);
    }

    public GrainOptions Read(ParseResult parsed) => Defaults with
    {
        LeaseLifetime = TimeSpan.FromSeconds(Require("--lease-seconds", parsed.GetValue(_lease), 10, 300)),
        TunnelIdle = TimeSpan.FromSeconds(parsed.GetValue(_idle) is 0 ? 0 : Require("--idle-seconds", parsed.GetValue(_idle), 10, 86_400)),
    };

    private static int Require(string option, int value, int least, int most) =>
        value >= least && value <= most ? value : throw new FormatException($"{option} {value} is out of range: {least} to {most}.");
}
