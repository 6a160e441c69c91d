using System.Globalization;
using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded;

/// <summary>Identity and references of grains and of references to them.</summary>
public static class GrainExtensions
{
    /// <summary>The text key.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => GetGrainId(grain).Key.ToString();

    /// <summary>The numeric key.</summary>
    public static long GetPrimaryKeyLong(this IAddressable grain) =>
        long.Parse(GetGrainId(grain).Key.Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The <see cref="Guid"/> key.</summary>
    public static Guid GetPrimaryKey(this IAddressable grain) => Guid.ParseExact(GetGrainId(grain).Key.Value, "N");

    /// <summary>The identity.</summary>
    public static GrainId GetGrainId(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        switch (grain)
        {
            case GrainReference reference:
                return reference.GrainId;
            case Grain instance:
                return instance.Owner.GrainId;
            case IGrainBase instance:
                return instance.GrainContext.GrainId;
            default:
                throw new ArgumentException($"{grain.GetType().Name} is neither a grain nor a reference.", nameof(grain));
        }
    }

    /// <summary>A reference to the grain itself or the same reference as another interface.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        var target = grain switch
        {
            GrainReference reference => reference.Target,
            Grain instance => instance.Owner.Target,
            IGrainBase { GrainContext: Runtime.Activation activation } => activation.Target,
            _ => throw new ArgumentException($"{grain.GetType().Name} is neither a grain nor a reference.", nameof(grain)),
        };
        return (TGrainInterface)(object)target.Host.Factory.CreateReference(typeof(TGrainInterface), target);
    }

    /// <summary>The same as <see cref="AsReference{T}"/>.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();
}
