using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansUem.Embedded.CodeGeneration;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Storage;

/// <summary>Writes a reference inside a copied value as its identity.</summary>
internal sealed class GrainReferenceJsonConverterFactory(GrainFactory factory) : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsInterface && typeof(IAddressable).IsAssignableFrom(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert), factory)!;

    private sealed class Converter<T>(GrainFactory factory) : JsonConverter<T>
        where T : class
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            (T)(object)factory.CreateReference(typeof(T), factory.TargetOf(GrainId.Parse(reader.GetString()!)));

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value is GrainReference reference
                ? reference.GrainId.ToString()
                : throw new JsonException($"{value.GetType().Name} is no reference: AsReference makes one of a grain."));
    }
}
