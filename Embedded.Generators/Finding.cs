using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace OrleansUem.Embedded.Generators;

/// <summary>Something in a contract or a grain class that can't work. It holds no symbol, so that it compares by value.</summary>
internal sealed class Finding : IEquatable<Finding>
{
    private const string Category = "ActorHost";

    internal static readonly DiagnosticDescriptor ReturnType = Rule(
        "OUEG001", "Grain methods are asynchronous", "{0} must return Task, Task<T>, ValueTask or ValueTask<T>");

    internal static readonly DiagnosticDescriptor Generic = Rule(
        "OUEG002", "Generic grain contracts are not supported", "{0} is generic, which the embedded actor host does not support");

    internal static readonly DiagnosticDescriptor RefParameter = Rule(
        "OUEG003", "Arguments are passed by value", "{0} has a ref, in, out or params parameter, which can't cross a grain boundary");

    internal static readonly DiagnosticDescriptor Token = Rule(
        "OUEG004", "The cancellation token comes last", "{0} must have its only CancellationToken as the last parameter");

    internal static readonly DiagnosticDescriptor Member = Rule(
        "OUEG005", "Grain interfaces have methods only", "{0} is a property or an event; a grain interface has methods only");

    internal static readonly DiagnosticDescriptor Access = Rule(
        "OUEG006", "Grain types are visible in their assembly", "{0} is not visible in its assembly: its generated code can't name it");

    internal static readonly DiagnosticDescriptor Constructor = Rule(
        "OUEG007", "A grain class has one constructor", "{0} must have exactly one public constructor");

    internal static readonly DiagnosticDescriptor Key = Rule(
        "OUEG008", "A grain interface names its key", "{0} must derive from one of IGrainWithStringKey, IGrainWithIntegerKey and IGrainWithGuidKey");

    internal static readonly DiagnosticDescriptor State = Rule(
        "OUEG009", "A persistent state is named", "{0} has an IPersistentState parameter without [PersistentState]");

    internal static readonly DiagnosticDescriptor OneWay = Rule(
        "OUEG010", "A one-way method has no result", "{0} is one-way and must return Task or ValueTask");

    internal static readonly DiagnosticDescriptor MayInterleave = Rule(
        "OUEG011", "The interleave predicate is static", "{0} must be an accessible method: static bool M(IInvokable request)");

    private readonly string _subject;
    private readonly string _path;
    private readonly TextSpan _span;
    private readonly LinePositionSpan _lines;
    private readonly DiagnosticDescriptor _rule;

    internal Finding(DiagnosticDescriptor rule, ISymbol symbol)
    {
        _rule = rule;
        _subject = symbol.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);
        var location = symbol.Locations.FirstOrDefault(static place => place.IsInSource);
        _path = location?.SourceTree?.FilePath ?? string.Empty;
        _span = location?.SourceSpan ?? default;
        _lines = location?.GetLineSpan().Span ?? default;
    }

    public bool Equals(Finding? other) => other is not null
        && _rule.Id == other._rule.Id && _subject == other._subject && _path == other._path && _span == other._span;

    public override bool Equals(object? obj) => Equals(obj as Finding);

    public override int GetHashCode() => _subject.GetHashCode() ^ _span.GetHashCode();

    internal Diagnostic ToDiagnostic() => Diagnostic.Create(
        _rule, _path.Length == 0 ? Location.None : Location.Create(_path, _span, _lines), _subject);

    private static DiagnosticDescriptor Rule(string id, string title, string format) =>
        new(id, title, format, Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}
