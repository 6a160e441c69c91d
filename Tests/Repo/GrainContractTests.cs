using System.Collections.Immutable;
using System.Reflection;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Repo;

/// <summary>
/// What compiles on the embedded host also compiles and behaves on Orleans: every grain interface, every record that crosses and every stored state has the form that
/// Grains.Interfaces/README.md, Versioning, asks for.
/// </summary>
public sealed class GrainContractTests
{
    private static readonly Assembly[] Assemblies = [typeof(IDeviceGrain).Assembly, typeof(GrainOptions).Assembly];

    private static readonly Type[] Leaves =
    [
        typeof(bool), typeof(int), typeof(uint), typeof(long), typeof(ulong), typeof(string), typeof(ReadOnlyMemory<byte>),
    ];

    [Fact]
    public void Interfaces_Walked_HaveAliasesAndSerializableTypes()
    {
        var interfaces = GrainInterfaces().ToArray();
        Assert.True(interfaces.Length >= 9, "The walk found too few grain interfaces to be right.");
        var faults = new List<string>();
        foreach (var contract in interfaces)
        {
            Require(faults, contract.GetCustomAttribute<AliasAttribute>() is not null, $"{contract.Name} has no alias");
            var methods = contract.GetMethods();
            var aliases = methods.Select(method => method.GetCustomAttribute<AliasAttribute>()?.Alias).ToArray();
            Require(faults, !aliases.Contains(null), $"{contract.Name} has a method without an alias");
            Require(faults, aliases.Distinct().Count() == aliases.Length, $"{contract.Name} has an alias twice");
            foreach (var method in methods)
            {
                Require(faults, method.Name.EndsWith("Async", StringComparison.Ordinal), $"{contract.Name}.{method.Name} is not Async");
                foreach (var type in Crossing(method))
                {
                    Require(faults, IsSerializable(type), $"{contract.Name}.{method.Name} carries {type}, which has no serializer");
                }
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void Records_Walked_AreImmutableWithUniqueIdsAndAliases()
    {
        var types = Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute)))
            .ToArray();
        Assert.True(types.Length >= 40, "The walk found too few records to be right.");
        var faults = new List<string>();
        foreach (var type in types)
        {
            Require(faults, type.GetCustomAttribute<AliasAttribute>() is not null, $"{type.Name} has no alias");
            if (!type.IsEnum)
            {
                CheckRecord(type, faults);
            }
        }

        foreach (var twice in types.GroupBy(type => type.GetCustomAttribute<AliasAttribute>()?.Alias).Where(group => group.Count() > 1))
        {
            faults.Add($"the alias {twice.Key} is used twice");
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void PublicTypes_OfTheContracts_AreMarked()
    {
        var faults = typeof(IDeviceGrain).Assembly.GetExportedTypes()
            .Where(type => type.Namespace == typeof(IDeviceGrain).Namespace)
            .Where(type => !type.IsInterface && !(type.IsAbstract && type.IsSealed))
            .Where(type => !type.IsDefined(typeof(GenerateSerializerAttribute)))
            .Select(type => type.Name);
        Assert.Empty(faults);
    }

    [Fact]
    public void GrainClasses_Walked_AreSealedAndStateNamesAreUnique()
    {
        var classes = typeof(GrainOptions).Assembly.GetTypes().Where(type => typeof(Grain).IsAssignableFrom(type)).ToArray();
        Assert.All(classes, type => Assert.True(type.IsSealed, $"{type.Name} is not sealed"));
        var names = classes.SelectMany(type => type.GetConstructors())
            .SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<PersistentStateAttribute>()?.StateName)
            .OfType<string>()
            .ToArray();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }

    private static void CheckRecord(Type type, List<string> faults)
    {
        Require(faults, type.IsDefined(typeof(ImmutableAttribute)), $"{type.Name} is not marked immutable");
        Require(faults, type.IsSealed, $"{type.Name} is not sealed");
        var ids = new HashSet<uint>();
        foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            var id = property.GetCustomAttribute<IdAttribute>();
            if (id is null)
            {
                Require(faults, property.PropertyType == typeof(Reason), $"{type.Name}.{property.Name} has no id");
                continue;
            }

            Require(faults, ids.Add(id.Id), $"{type.Name}.{property.Name} repeats id {id.Id}");
            Require(faults, IsSerializable(property.PropertyType), $"{type.Name}.{property.Name} is a {property.PropertyType}");
            var setter = property.SetMethod;
            Require(
                faults,
                setter is null || setter.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit"),
                $"{type.Name}.{property.Name} can be changed");
        }

        Require(
            faults,
            type.GetFields(BindingFlags.Instance | BindingFlags.Public).Length == 0,
            $"{type.Name} has a public field");
    }

    private static IEnumerable<Type> GrainInterfaces() => Assemblies.SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.IsInterface && type.IsPublic
            && (typeof(IGrain).IsAssignableFrom(type) || typeof(IGrainObserver).IsAssignableFrom(type)));

    private static IEnumerable<Type> Crossing(MethodInfo method)
    {
        foreach (var parameter in method.GetParameters())
        {
            yield return parameter.ParameterType;
        }

        var result = method.ReturnType;
        yield return result.IsGenericType && result.GetGenericTypeDefinition() == typeof(Task<>)
            ? result.GetGenericArguments()[0]
            : result == typeof(Task) ? typeof(bool) : result;
    }

    private static bool IsSerializable(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return IsSerializable(inner);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            return IsSerializable(type.GetGenericArguments()[0]);
        }

        return Leaves.Contains(type)
            || typeof(IGrainObserver).IsAssignableFrom(type)
            || (Assemblies.Contains(type.Assembly) && type.IsDefined(typeof(GenerateSerializerAttribute)));
    }

    private static void Require(List<string> faults, bool holds, string fault)
    {
        if (!holds)
        {
            faults.Add(fault);
        }
    }
}
