namespace OrleansUem.Uem;

/// <summary>
/// One step of a long-running role on standard output: the step's name in lower case, padded, then a line for people. Scripts match the name at the
/// line's start; the text may change. The service manager shows the last one.
/// </summary>
internal static class StatusLine
{
    private static readonly Lock Gate = new();

    /// <summary>Writes one line.</summary>
    /// <param name="step">The step, a member of the role's status enum.</param>
    /// <param name="text">For people.</param>
    public static void Write(Enum step, string text)
    {
        lock (Gate)
        {
            Console.Out.WriteLine($"{step.ToString().ToLowerInvariant(),-14} {text}");
            Console.Out.Flush();
            ServiceNotice.Ready(text);
        }
    }
}
