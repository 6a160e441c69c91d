using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace OrleansUem.Uem;

/// <summary>What is wrong with the words of a command line, in one line for a person.</summary>
internal static class ParseErrors
{
    /// <summary>Describes the first fault that a person can mend.</summary>
    /// <param name="parsed">The command line.</param>
    /// <returns>The line; null: nothing is wrong, or a command was named that needs one more word, for which its help is the better answer.</returns>
    public static string? Describe(ParseResult parsed)
    {
        var hasSubcommandOnly = parsed.CommandResult.Command.Action is null;
        if (parsed.Action is not ParseErrorAction || parsed.Errors.Count == 0 || (hasSubcommandOnly && parsed.UnmatchedTokens.Count == 0))
        {
            return null;
        }

        // With a mistyped command the parser also misses the command itself; the word that it does not know says more.
        var error = parsed.Errors.FirstOrDefault(error => parsed.UnmatchedTokens.Any(token => error.Message.Contains(token, StringComparison.Ordinal)))
            ?? parsed.Errors[0];
        var text = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal)
            .Replace("as expected type 'System.Double'", "as a number", StringComparison.Ordinal);
        if (error.SymbolResult is OptionResult option && !text.Contains(option.Option.Name, StringComparison.Ordinal))
        {
            text = $"{option.Option.Name}: {text}";
        }

        return $"{text} See: {CommandLineOf(parsed.CommandResult)} --help";
    }

    private static string CommandLineOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{CommandLineOf(parent)} {command.Command.Name}" : "uem";
}
