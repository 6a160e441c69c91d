namespace OrleansUem.Uem;

/// <summary>What the program's exit status says.</summary>
internal static class ExitCode
{
    /// <summary>Done, or stopped on request.</summary>
    public const int Ok = 0;

    /// <summary>It was asked for something impossible: wrong options, wrong state, refused for good. Trying again changes nothing.</summary>
    public const int Refused = 1;

    /// <summary>Something outside failed: network, disk, another process. Trying again may help.</summary>
    public const int Failed = 2;

    /// <summary>Of <c>uem device status</c>: there is no tunnel, as systemctl(1) says that a service does not run.</summary>
    public const int NotUp = 3;

    /// <summary>Stopped by the person before it was done, as shells have it for Ctrl-C.</summary>
    public const int Interrupted = 130;
}
