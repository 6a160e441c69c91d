using System.IO.Pipelines;

namespace OrleansUem.Tests.Kit;

/// <summary>Two ends of a byte stream in memory, with a bounded buffer in each direction.</summary>
public sealed class PipePair
{
    /// <param name="bufferBytes">What a direction holds before its writer has to wait.</param>
    public PipePair(int bufferBytes = 64 * 1024)
    {
        var options = new PipeOptions(
            pauseWriterThreshold: bufferBytes, resumeWriterThreshold: bufferBytes / 2, useSynchronizationContext: false);
        var leftToRight = new Pipe(options);
        var rightToLeft = new Pipe(options);
        Left = new End(rightToLeft.Reader, leftToRight.Writer);
        Right = new End(leftToRight.Reader, rightToLeft.Writer);
    }

    public IDuplexPipe Left { get; }

    public IDuplexPipe Right { get; }

    private sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
