namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>
/// What the bytes of an input mean, so that a mutant gets past the first length check: a mutation changes one thing and puts the lengths around it right again.
/// A mutation is pure: the same bytes and the same random numbers give the same mutant. Any bytes may come in; what does not have the shape is changed as plain bytes.
/// </summary>
internal abstract class FuzzShape
{
    /// <summary>No mutant grows beyond this: four of the longest frames.</summary>
    public const int MaxBytes = 4 * 16_648;

    /// <summary>Bytes without structure.</summary>
    public static FuzzShape Bytes { get; } = new BytesShape();

    /// <summary>Changes one thing.</summary>
    public abstract byte[] Mutate(byte[] input, FuzzRandom random);

    protected static byte[] Bounded(byte[] bytes) => bytes.Length <= MaxBytes ? bytes : bytes[..MaxBytes];
}
