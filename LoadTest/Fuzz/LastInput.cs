using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>The input that a parser has before it, in a file that outlives the process: a crash inside native code leaves nothing else.</summary>
internal sealed class LastInput : IDisposable
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte[] _length = new byte[sizeof(int)];
    private readonly int _capacity;

    public LastInput(string path, int maxBytes)
    {
        _path = path;
        _capacity = maxBytes;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, mapName: null, sizeof(int) + maxBytes);
        _view = _file.CreateViewAccessor();
    }

    /// <summary>Keeps an input.</summary>
    public void Set(byte[] input)
    {
        BinaryPrimitives.WriteInt32BigEndian(_length, Math.Min(input.Length, _capacity));
        _view.WriteArray(0, _length, 0, _length.Length);
        _view.WriteArray(sizeof(int), input, 0, Math.Min(input.Length, _capacity));
    }

    /// <summary>Reads the input that another process left.</summary>
    public static byte[] Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return bytes.Length >= sizeof(int) && BinaryPrimitives.ReadInt32BigEndian(bytes) is var length && length >= 0 && length <= bytes.Length - sizeof(int)
            ? bytes[sizeof(int)..(sizeof(int) + length)]
            : throw new FormatException($"{path} is no file of a last input.");
    }

    /// <summary>The process lives: the file has done its work.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }
}
