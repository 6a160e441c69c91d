using System.Globalization;
using Microsoft.CodeAnalysis;

namespace OrleansUem.Embedded.Generators;

/// <summary>Writes the registration of one grain class: its factory and what the host must know of it.</summary>
internal static class ClassWriter
{
    private const string CodeGeneration = "global::OrleansUem.Embedded.CodeGeneration";

    internal static GeneratedItem Write(INamedTypeSymbol type)
    {
        var findings = new List<Finding>();
        if (type.IsGenericType)
        {
            findings.Add(new Finding(Finding.Generic, type));
        }

        if (!Symbols.IsVisible(type))
        {
            findings.Add(new Finding(Finding.Access, type));
        }

        var constructors = type.InstanceConstructors
            .Where(static c => c.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal).ToArray();
        if (constructors.Length != 1)
        {
            findings.Add(new Finding(Finding.Constructor, type));
        }

        var name = Symbols.FlatName(type);
        if (findings.Count > 0)
        {
            return new GeneratedItem(name, string.Empty, string.Empty, findings);
        }

        var registration = Registration(type, constructors[0], findings);
        return new GeneratedItem(name, string.Empty, findings.Count > 0 ? string.Empty : registration, findings);
    }

    private static string Registration(INamedTypeSymbol type, IMethodSymbol constructor, List<Finding> findings)
    {
        var full = type.ToDisplayString(Symbols.Full);
        var services = new List<string>();
        var states = new List<string>();
        var arguments = constructor.Parameters.Select(p => Argument(p, services, states, findings)).ToArray();
        var interfaces = type.AllInterfaces
            .Where(static i => Symbols.HasInterface(i, "IGrain") && i.ContainingNamespace?.ToDisplayString() != Symbols.Home)
            .Select(static i => $"typeof({i.ToDisplayString(Symbols.Full)})");
        var parts = new List<string>
        {
            $"ClassType = typeof({full})",
            $"GrainType = {Symbols.Literal(GrainType(type))}",
            $"Create = static construction => new {full}({string.Join(", ", arguments)})",
            $"Interfaces = new global::System.Type[] {{ {string.Join(", ", interfaces)} }}",
            $"Services = new global::System.Type[] {{ {string.Join(", ", services)} }}",
            $"StateNames = new string[] {{ {string.Join(", ", states)} }}",
            $"HasOnActivate = {Overrides(type, "OnActivateAsync")}",
            $"HasOnDeactivate = {Overrides(type, "OnDeactivateAsync")}",
        };
        AddAttributes(type, full, parts, findings);
        return $"registry.AddClass(new {CodeGeneration}.GrainClassDescription {{ {string.Join(", ", parts)} }});";
    }

    private static void AddAttributes(INamedTypeSymbol type, string full, List<string> parts, List<Finding> findings)
    {
        if (Symbols.InheritedAttribute(type, "Reentrant") is not null)
        {
            parts.Add("IsReentrant = true");
        }

        if (Symbols.InheritedAttribute(type, "KeepAlive") is not null)
        {
            parts.Add("KeepsAlive = true");
        }

        if (Symbols.InheritedAttribute(type, "StatelessWorker") is { } worker)
        {
            var limit = worker.ConstructorArguments.Length == 0 ? -1 : (int)worker.ConstructorArguments[0].Value!;
            parts.Add($"StatelessWorkers = {limit.ToString(CultureInfo.InvariantCulture)}");
        }

        if (Symbols.InheritedAttribute(type, "MayInterleave")?.ConstructorArguments.FirstOrDefault().Value is string predicate)
        {
            if (type.GetMembers(predicate).OfType<IMethodSymbol>().Any(static m => m.IsStatic && m.Parameters.Length == 1 && Symbols.IsVisible(m)))
            {
                parts.Add($"MayInterleave = {full}.{predicate}");
            }
            else
            {
                findings.Add(new Finding(Finding.MayInterleave, type));
            }
        }

        if (Symbols.InheritedAttribute(type, "CollectionAgeLimit") is { } age)
        {
            double Part(string name) => age.NamedArguments.FirstOrDefault(pair => pair.Key == name).Value.Value as double? ?? 0;
            var minutes = (Part("Days") * 24 * 60) + (Part("Hours") * 60) + Part("Minutes");
            parts.Add(age.NamedArguments.Any(static pair => pair.Key == "AlwaysActive" && pair.Value.Value is true)
                ? "KeepsAlive = true"
                : $"CollectionAge = global::System.TimeSpan.FromMinutes({minutes.ToString("R", CultureInfo.InvariantCulture)}d)");
        }
    }

    private static string Argument(IParameterSymbol parameter, List<string> services, List<string> states, List<Finding> findings)
    {
        var type = parameter.Type.ToDisplayString(Symbols.Full);
        if (Symbols.IsHome(parameter.Type, "IGrainContext"))
        {
            services.Add($"typeof({type})");
            return "construction.Context";
        }

        if (Symbols.IsHome(parameter.Type, "IPersistentState"))
        {
            if (Symbols.Attribute(parameter, "PersistentState") is not { } state)
            {
                findings.Add(new Finding(Finding.State, parameter.ContainingSymbol));
                return "null!";
            }

            var name = Symbols.Literal(state.ConstructorArguments[0].Value as string);
            var storage = Symbols.Literal(state.ConstructorArguments[1].Value as string);
            states.Add(name);
            return $"construction.State<{((INamedTypeSymbol)parameter.Type).TypeArguments[0].ToDisplayString(Symbols.Full)}>({name}, {storage})";
        }

        services.Add($"typeof({type})");
        var keyed = parameter.GetAttributes().FirstOrDefault(static a => a.AttributeClass?.Name == "FromKeyedServicesAttribute");
        if (keyed?.ConstructorArguments.FirstOrDefault().Value is string key)
        {
            return $"construction.KeyedService<{type}>({Symbols.Literal(key)})";
        }

        return parameter.HasExplicitDefaultValue && parameter.ExplicitDefaultValue is null
            ? $"construction.OptionalService<{type}>()"
            : $"construction.Service<{type}>()";
    }

    // As Orleans: the class name in lower case without the suffix Grain.
    private static string GrainType(INamedTypeSymbol type)
    {
        if (Symbols.Attribute(type, "GrainType")?.ConstructorArguments.FirstOrDefault().Value is string given)
        {
            return given;
        }

        var name = type.Name.ToLowerInvariant();
        return name.Length > 5 && name.EndsWith("grain", System.StringComparison.Ordinal) ? name.Substring(0, name.Length - 5) : name;
    }

    private static string Overrides(INamedTypeSymbol type, string method)
    {
        for (var current = type; current is not null && !Symbols.IsHome(current, "Grain"); current = current.BaseType)
        {
            if (current.GetMembers(method).OfType<IMethodSymbol>().Any(static m => !m.IsAbstract))
            {
                return "true";
            }
        }

        return "false";
    }
}
