using Microsoft.CodeAnalysis;

namespace OrleansUem.Embedded.Generators;

/// <summary>Writes the reference class of one interface and the calls of its methods.</summary>
internal static class InterfaceWriter
{
    private const string CodeGeneration = "global::OrleansUem.Embedded.CodeGeneration";

    internal static GeneratedItem Write(INamedTypeSymbol type)
    {
        var findings = new List<Finding>();
        var isObserver = Symbols.HasInterface(type, "IGrainObserver");
        if (type.IsGenericType)
        {
            findings.Add(new Finding(Finding.Generic, type));
        }

        if (!Symbols.IsVisible(type))
        {
            findings.Add(new Finding(Finding.Access, type));
        }

        if (!isObserver && !HasKey(type) && !Symbols.HasInterface(type, "IRemindable"))
        {
            findings.Add(new Finding(Finding.Key, type));
        }

        var methods = new List<MethodModel>();
        foreach (var member in Members(type))
        {
            if (member is not IMethodSymbol method)
            {
                findings.Add(new Finding(Finding.Member, member));
            }
            else if (method.MethodKind == MethodKind.Ordinary && method.IsAbstract)
            {
                methods.Add(new MethodModel(method, methods.Count, isObserver, findings));
            }
        }

        var name = Symbols.FlatName(type);
        return findings.Count > 0
            ? new GeneratedItem(name, string.Empty, string.Empty, findings)
            : new GeneratedItem(
                name,
                Source(type, name, methods),
                $"registry.AddInterface(typeof({type.ToDisplayString(Symbols.Full)}), static target => new {name}_Reference(target));",
                findings);
    }

    private static bool HasKey(INamedTypeSymbol type) =>
        type.AllInterfaces.Any(static i => Symbols.IsHome(i, "IGrainWithStringKey")
            || Symbols.IsHome(i, "IGrainWithIntegerKey") || Symbols.IsHome(i, "IGrainWithGuidKey"));

    private static IEnumerable<ISymbol> Members(INamedTypeSymbol type) =>
        new[] { type }.Concat(type.AllInterfaces)
            .SelectMany(static i => i.GetMembers())
            .Where(static member => !member.IsStatic && member is not INamedTypeSymbol
                && !(member is IMethodSymbol { AssociatedSymbol: not null }));

    private static string Source(INamedTypeSymbol type, string name, List<MethodModel> methods)
    {
        var code = CodeText.File();
        code.Open($"internal sealed class {name}_Reference({CodeGeneration}.CallTarget target) : " +
            $"{CodeGeneration}.GrainReference(target), {type.ToDisplayString(Symbols.Full)}");
        foreach (var method in methods)
        {
            method.WriteDescription(code);
        }

        foreach (var method in methods)
        {
            method.WriteMethod(code);
        }

        foreach (var method in methods)
        {
            method.WriteCall(code);
        }

        return code.Close().ToString();
    }
}
