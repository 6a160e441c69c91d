namespace OrleansUem.Protocol.Ids;

/// <summary>Names an edge of the installation; the text rule is <see cref="NameRules"/>.</summary>
/// <param name="Text">The name.</param>
public readonly record struct EdgeId(string Text)
{
    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate; null gives false.</param>
    /// <param name="id">The id on success.</param>
    /// <returns>False when the text breaks <see cref="NameRules"/>.</returns>
    public static bool TryParse(string? text, out EdgeId id)
    {
        id = NameRules.IsName(text) ? new EdgeId(text) : default;
        return id.Text is not null;
    }

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate.</param>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">The text breaks <see cref="NameRules"/>.</exception>
    public static EdgeId Parse(string? text) => new(NameRules.Require(text, "edge id"));

    /// <inheritdoc/>
    public override string ToString() => Text ?? "";
}
