using System.CommandLine;
using OrleansUem.Dtls.Fips;

namespace OrleansUem.Uem;

/// <summary>FIPS mode, for every command.</summary>
internal static class FipsOptions
{
    private static readonly Option<bool> Fips = new("--fips")
    {
        Description = "use only cryptography of OpenSSL's FIPS provider, and refuse to run without it (docs/cryptography.md)",
        Recursive = true,
    };

    private static readonly Option<string?> Module = new("--fips-module")
    {
        Description = "with --fips: the provider's module (default: fips.so in OpenSSL's own folder)",
        HelpName = "FILE",
        Recursive = true,
    };

    private static readonly Option<string?> Configuration = new("--fips-config")
    {
        Description = "with --fips: what 'openssl fipsinstall' wrote for it (default: OpenSSL's own configuration includes it)",
        HelpName = "FILE",
        Recursive = true,
    };

    public static void AddTo(Command root)
    {
        root.Add(Fips);
        root.Add(Module);
        root.Add(Configuration);
    }

    /// <summary>Turns FIPS mode on when the command line asks for it. Before anything else in the process: cryptography that was used before is not of the module.</summary>
    /// <returns>Null, or the line for the person; the process must not go on.</returns>
    public static string? Apply(ParseResult parsed)
    {
        if (!parsed.GetValue(Fips))
        {
            return parsed.GetValue(Module) is null && parsed.GetValue(Configuration) is null ? null : "--fips-module and --fips-config mean nothing without --fips.";
        }

        try
        {
            var provider = FipsMode.Enable(new FipsModule { File = parsed.GetValue(Module), ConfigurationFile = parsed.GetValue(Configuration) });
            Console.Error.WriteLine($"FIPS mode: {provider}");
            return null;
        }
        catch (FipsException e)
        {
            return e.Message;
        }
    }
}
