using System.ComponentModel;
using System.Diagnostics;

namespace OrleansUem.Agent.Nat;

/// <summary>Runs nft(8) with a list of arguments and a script on its standard input; no shell is involved.</summary>
internal static class NftCommand
{
    // A ruleset of a few lines takes milliseconds; only a machine in deep trouble needs more.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    // A service's PATH often lacks the sbin directories.
    private static readonly string[] Directories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"];

    /// <summary>Runs nft to its end.</summary>
    /// <exception cref="MasqueradeException">nft is missing, hangs or cannot be started.</exception>
    public static (int ExitCode, string Output, string Errors) Run(string script, params string[] arguments)
    {
        string path = Directories.Select(directory => Path.Combine(directory, "nft")).FirstOrDefault(File.Exists)
            ?? throw new MasqueradeException(
                "The program nft is missing, which the node needs for address translation: apt install nftables.");
        ProcessStartInfo start = new(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(script);
            process.StandardInput.Close();
            if (!process.WaitForExit(Timeout))
            {
                process.Kill();
                throw new MasqueradeException($"{path} {string.Join(' ', arguments)} did not end within {Timeout.TotalSeconds} s.");
            }

            // Both pipes are closed by the exit, so the reads are about to complete.
            return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new MasqueradeException($"Running {path} failed: {e.Message}", e);
        }
    }
}
