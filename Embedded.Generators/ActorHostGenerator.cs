using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansUem.Embedded.Generators;

/// <summary>
/// Writes what the embedded actor host needs to run grains without reflection: a reference class for each grain and observer
/// interface, a struct for each call, a factory for each grain class, and one registrar for the assembly.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ActorHostGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var interfaces = context.SyntaxProvider
            .CreateSyntaxProvider(
                static (node, _) => node is InterfaceDeclarationSyntax { BaseList: not null },
                static (syntax, cancellation) => ReadInterface(syntax, cancellation))
            .Where(static item => item is not null);
        var classes = context.SyntaxProvider
            .CreateSyntaxProvider(
                static (node, _) => node is ClassDeclarationSyntax { BaseList: not null },
                static (syntax, cancellation) => ReadClass(syntax, cancellation))
            .Where(static item => item is not null);

        context.RegisterSourceOutput(interfaces, static (output, item) => Write(output, item!));
        context.RegisterSourceOutput(classes, static (output, item) => Write(output, item!));
        context.RegisterSourceOutput(
            interfaces.Collect().Combine(classes.Collect()),
            static (output, items) => WriteRegistrar(output, items.Left, items.Right));
    }

    private static GeneratedItem? ReadInterface(GeneratorSyntaxContext syntax, CancellationToken cancellation)
    {
        var symbol = (INamedTypeSymbol?)syntax.SemanticModel.GetDeclaredSymbol(syntax.Node, cancellation);
        return symbol is not null && IsFirstPart(symbol, syntax.Node) && Symbols.IsAddressable(symbol)
            ? InterfaceWriter.Write(symbol)
            : null;
    }

    private static GeneratedItem? ReadClass(GeneratorSyntaxContext syntax, CancellationToken cancellation)
    {
        var symbol = (INamedTypeSymbol?)syntax.SemanticModel.GetDeclaredSymbol(syntax.Node, cancellation);
        return symbol is not null && !symbol.IsAbstract && IsFirstPart(symbol, syntax.Node) && Symbols.IsGrainClass(symbol)
            ? ClassWriter.Write(symbol)
            : null;
    }

    // A partial type is seen once for each part.
    private static bool IsFirstPart(INamedTypeSymbol symbol, SyntaxNode node) =>
        symbol.DeclaringSyntaxReferences.Length == 1
        || (symbol.DeclaringSyntaxReferences[0].SyntaxTree == node.SyntaxTree
            && symbol.DeclaringSyntaxReferences[0].Span == node.Span);

    private static void Write(SourceProductionContext output, GeneratedItem item)
    {
        foreach (var finding in item.Findings)
        {
            output.ReportDiagnostic(finding.ToDiagnostic());
        }

        if (item.Source.Length > 0)
        {
            output.AddSource(item.Name + ".g.cs", item.Source);
        }
    }

    private static void WriteRegistrar(
        SourceProductionContext output, ImmutableArray<GeneratedItem?> interfaces, ImmutableArray<GeneratedItem?> classes)
    {
        var lines = interfaces.Concat(classes)
            .Where(static item => item!.Registration.Length > 0)
            .Select(static item => item!.Registration)
            .OrderBy(static line => line, System.StringComparer.Ordinal)
            .ToArray();
        if (lines.Length > 0)
        {
            output.AddSource("GrainRegistrar.g.cs", RegistrarWriter.Write(lines));
        }
    }
}
