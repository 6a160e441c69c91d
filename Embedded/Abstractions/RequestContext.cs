namespace OrleansUem.Embedded;

/// <summary>Values that flow with a call into the called grain, and from there into its calls, but not back.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<Dictionary<string, object>?> Local = new();

    /// <summary>The names that have a value.</summary>
    public static IEnumerable<string> Keys => Local.Value?.Keys ?? Enumerable.Empty<string>();

    /// <summary>All values.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries =>
        Local.Value ?? Enumerable.Empty<KeyValuePair<string, object>>();

    /// <summary>The value of a name or null.</summary>
    public static object? Get(string key) => Local.Value?.GetValueOrDefault(key);

    /// <summary>Sets the value of a name for all calls that follow in this flow.</summary>
    public static void Set(string key, object value)
    {
        // Copy on write: a callee may still hold the dictionary of an earlier call.
        var current = Local.Value;
        Local.Value = current is null
            ? new Dictionary<string, object>(1) { [key] = value }
            : new Dictionary<string, object>(current) { [key] = value };
    }

    /// <summary>Removes the value of a name.</summary>
    public static bool Remove(string key)
    {
        var current = Local.Value;
        if (current is null || !current.ContainsKey(key))
        {
            return false;
        }

        var rest = new Dictionary<string, object>(current);
        rest.Remove(key);
        Local.Value = rest.Count == 0 ? null : rest;
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear()
    {
        if (Local.Value is not null)
        {
            Local.Value = null;
        }
    }

    internal static Dictionary<string, object>? Export() => Local.Value;

    internal static void Import(Dictionary<string, object> values) => Local.Value = values;
}
