using System.Text.Json;
using OrleansUem.Embedded.Runtime;
using OrleansUem.Embedded.Storage;

namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>Copies what crosses a grain boundary and may be changed by one side.</summary>
public sealed class ArgumentCopier
{
    private readonly JsonSerializerOptions _options;

    internal ArgumentCopier(GrainFactory factory, bool always)
    {
        CopiesAlways = always;
        _options = new JsonSerializerOptions(GrainStateJson.Options);
        _options.Converters.Add(new GrainReferenceJsonConverterFactory(factory));
    }

    /// <summary>True when immutable values are copied too; for tests that a contract survives a real boundary.</summary>
    public bool CopiesAlways { get; }

    /// <summary>Copies a value unless its type is known to be immutable and copies are not forced.</summary>
    public T Copy<T>(T value, bool isImmutable) => isImmutable && !CopiesAlways ? value : Copy(value);

    /// <summary>Copies a value through the JSON form of grain state.</summary>
    public T Copy<T>(T value)
    {
        switch (value)
        {
            case null or string or GrainReference or CancellationToken:
                return value;
            case byte[] bytes:
                return (T)bytes.Clone();
            default:
                break;
        }

        if (value.GetType() is { IsPrimitive: true } or { IsEnum: true })
        {
            return value;
        }

        var type = typeof(T).IsValueType ? typeof(T) : value.GetType();
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Immutable<>))
        {
            return value;
        }

        return (T)JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(value, type, _options), type, _options)!;
    }
}
