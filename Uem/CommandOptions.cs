using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Uem;

/// <summary>Options that several commands share, and readers that name option, value and form in their errors.</summary>
internal static class CommandOptions
{
    private const string LogLevelNames = "Trace, Debug, Information, Warning, Error";

    public static Option<string> State(string whose) => new("--state")
    {
        Description = $"{whose} state directory",
        HelpName = "DIR",
        Required = true,
    };

    /// <summary>The file with the PostgreSQL connection: a file, since other users see command lines.</summary>
    public static Option<string?> DatabaseFile() => new("--database-file")
    {
        Description = "a file of mode 0600 with the PostgreSQL database: Host=...;Database=...;Username=...;Password=... (default: SQLite in the state directory)",
        HelpName = "FILE",
    };

    public static Option<LogLevel> LogLevel(LogLevel defaultLevel = Microsoft.Extensions.Logging.LogLevel.Information) => new("--log-level")
    {
        Description = $"the least level of log lines on standard error: {LogLevelNames}",
        HelpName = "LEVEL",
        CustomParser = ReadLogLevel,
        DefaultValueFactory = _ => defaultLevel,
    };

    /// <summary>An option that takes one or more ADDRESS:PORT.</summary>
    public static Option<IPEndPoint[]> EndPoints(string name, string description, string defaultText) => new(name)
    {
        Description = description,
        HelpName = "ADDR:PORT",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.Select(token => ReadEndPoint(name, token.Value, result))],
        DefaultValueFactory = _ => [IPEndPoint.Parse(defaultText)],
    };

    /// <summary>An option that takes HOST:PORT.</summary>
    public static Option<string> HostPort(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "HOST:PORT",
        Required = true,
    };

    /// <summary>Reads HOST:PORT; an IPv6 address stands in brackets.</summary>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static (string Host, int Port) ReadHostPort(string option, string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        return host.Length > 0
            && Uri.CheckHostName(host) != UriHostNameType.Unknown
            && Digits.TryParsePort(text.AsSpan(colon + 1), out var port)
            ? (host, port)
            : throw new FormatException($"{option} '{text}' is not HOST:PORT with a port of 1 to {IPEndPoint.MaxPort}.");
    }

    /// <summary>Refuses options that were typed where they have no meaning.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="why">The rest of the sentence that begins with the option's name.</param>
    /// <param name="options">Those.</param>
    /// <exception cref="FormatException">One was typed.</exception>
    public static void Refuse(ParseResult parsed, string why, params Option[] options)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } typed)
        {
            throw new FormatException($"{typed.Name} {why}");
        }
    }

    private static LogLevel ReadLogLevel(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (LogLevelNames.Split(", ").FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known)
        {
            return Enum.Parse<LogLevel>(known);
        }

        result.AddError($"--log-level '{text}' is none of {LogLevelNames}.");
        return default;
    }

    private static IPEndPoint ReadEndPoint(string option, string text, ArgumentResult result)
    {
        if (text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var endPoint))
        {
            return endPoint;
        }

        result.AddError($"{option} '{text}' is not ADDRESS:PORT, as in 0.0.0.0:443 or [::]:443.");
        return new IPEndPoint(IPAddress.None, 0);
    }
}
