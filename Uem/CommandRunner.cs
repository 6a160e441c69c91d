using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OrleansUem.Agent.Identity;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Transport;

namespace OrleansUem.Uem;

/// <summary>Runs a command's body and turns what it throws into one line for a person and an exit status.</summary>
internal static class CommandRunner
{
    /// <summary>Runs the body.</summary>
    /// <param name="body">The command.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl-C and SIGTERM.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static Task<int> RunAsync(Func<Task> body, CancellationToken cancellationToken) => RunAsync(body, ExitCode.Ok, cancellationToken);

    /// <summary>The same for a command that has something to finish: being stopped is no success, and a script that goes on after it would go wrong.</summary>
    public static Task<int> RunToEndAsync(Func<Task> body, CancellationToken cancellationToken) => RunAsync(body, ExitCode.Interrupted, cancellationToken);

    private static async Task<int> RunAsync(Func<Task> body, int stopped, CancellationToken cancellationToken)
    {
        // The command line's library answers a signal with 130 at once while the first part of a command has not returned to it: it returns here.
        await Task.Yield();

        // Whoever runs this has been told to stop it: the manager waits for the drain.
        using var stopping = cancellationToken.UnsafeRegister(static _ => ServiceNotice.Stopping(), null);
        try
        {
            await body();
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Expected: the person stopped it.
            return stopped;
        }
        catch (Exception e) when (!IsOurBug(Cause(e)))
        {
            await Console.Error.WriteLineAsync($"error: {Describe(Cause(e))}");
            return IsPassing(Cause(e)) ? ExitCode.Failed : ExitCode.Refused;
        }
    }

    /// <summary>A logger for the process: one line an event, on standard error.</summary>
    /// <param name="level">The least level that is shown.</param>
    /// <returns>The factory; the caller disposes it.</returns>
    public static ILoggerFactory CreateLoggerFactory(LogLevel level) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", level > LogLevel.Warning ? level : LogLevel.Warning);
        logging.AddFilter("Npgsql", level > LogLevel.Warning ? level : LogLevel.Warning);

        // With the dot: a filter takes every category that begins like it, and ours begin with OrleansUem.
        logging.AddFilter("Orleans.", level > LogLevel.Warning ? level : LogLevel.Warning);

        // The host logs why it does not start with a stack trace and throws the same: the command says it in one line.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    // A static constructor or a task hides what a person needs to read, such as the library that is missing.
    private static Exception Cause(Exception exception) =>
        exception is TypeInitializationException or AggregateException ? exception.GetBaseException() : exception;

    private static string Describe(Exception exception)
    {
        var text = exception.Message.ReplaceLineEndings(" ");
        var suffix = exception is ArgumentException { ParamName: { } name } ? $" (Parameter '{name}')" : "";
        return suffix.Length > 0 && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text;
    }

    // What no input and no outside failure should be able to cause: the trace is what the reader of the report needs.
    private static bool IsOurBug(Exception exception) =>
        exception is NullReferenceException or InvalidCastException or IndexOutOfRangeException or KeyNotFoundException or ObjectDisposedException
            or NotSupportedException;

    private static bool IsPassing(Exception exception) => exception switch
    {
        EnrolmentException enrolment => enrolment.IsPassing,
        AgentStateException state => state.InnerException is IOException and not (FileNotFoundException or DirectoryNotFoundException),
        AdminException admin => admin.InnerException is HttpRequestException,
        SiloStartException start => start.InnerException is IOException or DbException,
        DbException or OperationCanceledException => true,
        DialException or IOException or SocketException or HttpRequestException or TimeoutException => true,
        CryptographicException or FormatException or ArgumentException or InvalidOperationException or UnauthorizedAccessException => false,
        _ => false,
    };
}
