using Microsoft.CodeAnalysis;

namespace OrleansUem.Embedded.Generators;

/// <summary>One method of a grain interface: its checks and its generated members.</summary>
internal sealed class MethodModel
{
    private const string CodeGeneration = "global::OrleansUem.Embedded.CodeGeneration";
    private const string TokenType = "global::System.Threading.CancellationToken";

    private readonly IMethodSymbol _method;
    private readonly IParameterSymbol[] _arguments;
    private readonly ITypeSymbol? _result;
    private readonly bool _isVoid;
    private readonly bool _isValueTask;
    private readonly bool _takesToken;
    private readonly int _index;

    internal MethodModel(IMethodSymbol method, int index, bool isObserver, List<Finding> findings)
    {
        _method = method;
        _index = index;
        _takesToken = method.Parameters.Length > 0 && Symbols.IsToken(method.Parameters[method.Parameters.Length - 1].Type);
        _arguments = method.Parameters.Take(method.Parameters.Length - (_takesToken ? 1 : 0)).ToArray();
        _isVoid = method.ReturnsVoid;
        var returnType = method.ReturnType as INamedTypeSymbol;
        var returnsTask = returnType?.ContainingNamespace?.ToDisplayString() == "System.Threading.Tasks"
            && returnType.Name is "Task" or "ValueTask";
        _isValueTask = returnsTask && returnType!.Name == "ValueTask";
        _result = returnsTask && returnType!.IsGenericType ? returnType.TypeArguments[0] : null;
        Check(returnsTask, isObserver, findings);
    }

    private bool IsOneWay => _isVoid || Symbols.Attribute(_method, "OneWay") is not null;

    internal void WriteDescription(CodeText code)
    {
        var types = string.Join(", ", _method.Parameters.Select(static p => $"typeof({p.Type.ToDisplayString(Symbols.Full)})"));
        var timeout = (Symbols.Attribute(_method, "ResponseTimeout") ?? Symbols.Attribute(_method.ContainingType, "ResponseTimeout"))
            ?.ConstructorArguments.FirstOrDefault().Value as string;
        code.Line($"private static readonly {CodeGeneration}.GrainMethod Method{_index} = new(typeof({Owner}), " +
            $"{Symbols.Literal(_method.Name)}, new global::System.Type[] {{ {types} }}, {Traits()}, {Symbols.Literal(timeout)});");
    }

    internal void WriteMethod(CodeText code)
    {
        var parameters = string.Join(", ", _method.Parameters.Select(static (p, i) => $"{p.Type.ToDisplayString(Symbols.FullNullable)} a{i}"));
        var call = $"CallAsync<Call{_index}{(_result is null ? string.Empty : ", " + Result)}>(Method{_index}, new Call{_index} {{ {Initializers()} }})";
        var body = _isVoid ? $"_ = {call}" : _isValueTask ? $"new({call})" : call;
        code.Line($"{_method.ReturnType.ToDisplayString(Symbols.FullNullable)} {Owner}.{Escape(_method.Name)}({parameters}) => {body};");
    }

    internal void WriteCall(CodeText code)
    {
        code.Open($"private struct Call{_index} : {CodeGeneration}.IGrainCall");
        for (var i = 0; i < _arguments.Length; i++)
        {
            code.Line($"public {_arguments[i].Type.ToDisplayString(Symbols.FullNullable)} A{i};");
        }

        if (_takesToken)
        {
            code.Line($"public {TokenType} CancellationToken {{ get; set; }}");
        }
        else
        {
            code.Line($"public {TokenType} CancellationToken {{ readonly get => default; set {{ }} }}");
        }

        code.Line($"public readonly int ArgumentCount => {_arguments.Length};");
        var arguments = string.Join(", ", _arguments.Select(static (_, i) => $"A{i}").Concat(_takesToken ? ["CancellationToken"] : []));
        var invocation = $"((({Owner})target).{Escape(_method.Name)}({arguments}))";
        if (_isVoid)
        {
            code.Line($"public readonly global::System.Threading.Tasks.Task Invoke(object target) {{ {invocation.Substring(1, invocation.Length - 2)}; " +
                "return global::System.Threading.Tasks.Task.CompletedTask; }");
        }
        else
        {
            code.Line($"public readonly global::System.Threading.Tasks.Task Invoke(object target) => {invocation}{(_isValueTask ? ".AsTask()" : string.Empty)};");
        }

        WriteArguments(code);
        code.Close();
    }

    private static string Escape(string name) => "@" + name;

    private string Owner => _method.ContainingType.ToDisplayString(Symbols.Full);

    private string Result => _result!.ToDisplayString(Symbols.FullNullable);

    private void Check(bool returnsTask, bool isObserver, List<Finding> findings)
    {
        if (!returnsTask && !(isObserver && _isVoid))
        {
            findings.Add(new Finding(Finding.ReturnType, _method));
        }

        if (_method.IsGenericMethod)
        {
            findings.Add(new Finding(Finding.Generic, _method));
        }

        if (_method.Parameters.Any(static p => p.RefKind != RefKind.None || p.IsParams))
        {
            findings.Add(new Finding(Finding.RefParameter, _method));
        }

        if (_arguments.Any(static p => Symbols.IsToken(p.Type)))
        {
            findings.Add(new Finding(Finding.Token, _method));
        }

        if (IsOneWay && _result is not null)
        {
            findings.Add(new Finding(Finding.OneWay, _method));
        }
    }

    private string Initializers() => string.Join(", ", _method.Parameters.Select(
        (_, i) => i < _arguments.Length ? $"A{i} = a{i}" : $"CancellationToken = a{i}"));

    private string Traits()
    {
        var traits = new List<string>();
        foreach (var name in new[] { "ReadOnly", "AlwaysInterleave" })
        {
            if (Symbols.Attribute(_method, name) is not null)
            {
                traits.Add(name);
            }
        }

        if (IsOneWay)
        {
            traits.Add("OneWay");
        }

        if (_arguments.Any(static p => !Symbols.IsShareable(p.Type, p)))
        {
            traits.Add("CopiesArguments");
        }

        if (_result is not null && !Symbols.IsShareable(_result))
        {
            traits.Add("CopiesResult");
        }

        if (_takesToken)
        {
            traits.Add("Cancellable");
        }

        return traits.Count == 0
            ? $"{CodeGeneration}.GrainMethodTraits.None"
            : string.Join(" | ", traits.Select(static trait => $"{CodeGeneration}.GrainMethodTraits.{trait}"));
    }

    private void WriteArguments(CodeText code)
    {
        code.Open($"public void CopyArguments({CodeGeneration}.ArgumentCopier copier)");
        for (var i = 0; i < _arguments.Length; i++)
        {
            var isShareable = Symbols.IsShareable(_arguments[i].Type, _arguments[i]) ? "true" : "false";
            code.Line($"A{i} = copier.Copy(A{i}, {isShareable});");
        }

        code.Close();
        code.Open("public readonly object? GetArgument(int index) => index switch");
        for (var i = 0; i < _arguments.Length; i++)
        {
            code.Line($"{i} => A{i},");
        }

        code.Line("_ => throw new global::System.ArgumentOutOfRangeException(nameof(index)),").Close("};");
        code.Open("public void SetArgument(int index, object? value)").Open("switch (index)");
        for (var i = 0; i < _arguments.Length; i++)
        {
            code.Line($"case {i}: A{i} = ({_arguments[i].Type.ToDisplayString(Symbols.FullNullable)})value!; break;");
        }

        code.Line("default: throw new global::System.ArgumentOutOfRangeException(nameof(index));").Close().Close();
    }
}
