using Microsoft.CodeAnalysis;

namespace OrleansUem.Embedded.Generators;

/// <summary>Questions about the types of grain code.</summary>
internal static class Symbols
{
    internal const string Home = "OrleansUem.Embedded";

    internal static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat;

    // With ? on reference types, so that generated members match their contract.
    internal static readonly SymbolDisplayFormat FullNullable = Full.AddMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    internal static bool IsHome(ITypeSymbol? type, string name) =>
        type is not null && type.Name == name && type.ContainingNamespace?.ToDisplayString() == Home;

    internal static bool HasInterface(ITypeSymbol type, string name) =>
        type.AllInterfaces.Any(candidate => IsHome(candidate, name));

    /// <summary>A grain or observer interface of this assembly.</summary>
    internal static bool IsAddressable(INamedTypeSymbol type) =>
        type.TypeKind == TypeKind.Interface
        && type.ContainingNamespace?.ToDisplayString() != Home
        && (HasInterface(type, "IGrain") || HasInterface(type, "IGrainObserver"));

    internal static bool IsGrainClass(INamedTypeSymbol type) =>
        type.TypeKind == TypeKind.Class && HasInterface(type, "IGrainBase") && HasInterface(type, "IGrain");

    internal static AttributeData? Attribute(ISymbol symbol, string name) =>
        symbol.GetAttributes().FirstOrDefault(attribute => IsHome(attribute.AttributeClass, name + "Attribute"));

    /// <summary>An attribute of the class or of one of its bases.</summary>
    internal static AttributeData? InheritedAttribute(INamedTypeSymbol type, string name)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            if (Attribute(current, name) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    internal static bool IsVisible(ISymbol symbol)
    {
        for (var current = symbol; current is not null and not INamespaceSymbol; current = current.ContainingSymbol)
        {
            if (current.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected or Accessibility.ProtectedAndInternal)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A name for generated types that no other type of the assembly gets.</summary>
    internal static string FlatName(INamedTypeSymbol type) =>
        type.ToDisplayString().Replace('.', '_').Replace('<', '_').Replace('>', '_').Replace(',', '_').Replace(' ', '_');

    internal static string Literal(string? text) =>
        text is null ? "null" : Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(text, quote: true);

    internal static bool IsToken(ITypeSymbol type) => type.ToDisplayString() == "System.Threading.CancellationToken";

    /// <summary>Whether a value may be shared by caller and callee.</summary>
    internal static bool IsShareable(ITypeSymbol type, ISymbol? parameter = null)
    {
        if (parameter is not null && Attribute(parameter, "Immutable") is not null)
        {
            return true;
        }

        return IsShareable(type, []);
    }

    private static bool IsShareable(ITypeSymbol type, HashSet<ITypeSymbol> seen)
    {
        if (type.SpecialType is not SpecialType.None and not SpecialType.System_Object and not SpecialType.System_Array
            || type.TypeKind is TypeKind.Enum)
        {
            // IEnumerable<T> and its kin are special types too.
            return type.SpecialType == SpecialType.System_String || type.IsValueType;
        }

        if (Attribute(type, "Immutable") is not null || HasInterface(type, "IAddressable") || IsHome(type, "IAddressable"))
        {
            return true;
        }

        if (type is not INamedTypeSymbol named)
        {
            return false;
        }

        var name = named.ContainingNamespace?.ToDisplayString();
        if (named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T
            || (named.IsGenericType && (name == "System.Collections.Immutable" || name == "System.Collections.Frozen"))
            || named.IsTupleType)
        {
            return seen.Add(type) && named.TypeArguments.All(argument => IsShareable(argument, seen));
        }

        return name switch
        {
            "System" => type.Name is "TimeSpan" or "DateTimeOffset" or "DateOnly" or "TimeOnly" or "Guid" or "Uri" or "Version"
                or "ReadOnlyMemory" or "Int128" or "UInt128" or "Half" or "Type",
            "System.Net" => type.Name is "IPAddress" or "IPEndPoint" or "IPNetwork",
            Home => type.Name is "GrainId" or "GrainType" or "IdSpan" or "TickStatus",
            _ => false,
        };
    }
}
