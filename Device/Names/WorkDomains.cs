namespace OrleansUem.Device.Names;

/// <summary>Which names are the organisation's: those that are, or end in, one of its domains. Pure.</summary>
internal sealed class WorkDomains
{
    /// <summary>No name is.</summary>
    public static readonly WorkDomains None = new([], isAll: false);

    private readonly HashSet<string> _domains;
    private readonly bool _isAll;

    private WorkDomains(IEnumerable<string> domains, bool isAll)
    {
        _domains = domains.Select(Plain).Where(domain => domain.Length > 0).ToHashSet(StringComparer.OrdinalIgnoreCase);
        _isAll = isAll;
    }

    /// <summary>Those of a list.</summary>
    public static WorkDomains Of(IEnumerable<string> domains) => new(domains, isAll: false);

    /// <summary>Every name is.</summary>
    public static WorkDomains All() => new([], isAll: true);

    /// <summary>Whether a name is one of them.</summary>
    /// <param name="name">With or without the dot at the end, in any case.</param>
    public bool Contains(ReadOnlySpan<char> name)
    {
        if (_isAll)
        {
            return true;
        }

        var lookup = _domains.GetAlternateLookup<ReadOnlySpan<char>>();
        var rest = name.EndsWith('.') ? name[..^1] : name;
        while (rest.Length > 0)
        {
            if (lookup.Contains(rest))
            {
                return true;
            }

            // At a dot, so that notcorp.example is not in corp.example.
            var dot = rest.IndexOf('.');
            rest = dot < 0 ? [] : rest[(dot + 1)..];
        }

        return false;
    }

    private static string Plain(string domain) => domain.Trim('.');
}
