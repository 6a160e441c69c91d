namespace OrleansUem.Protocol.Ids;

/// <summary>Names a silo of the installation; the text rule is <see cref="NameRules"/>.</summary>
/// <param name="Text">The name.</param>
public readonly record struct SiloId(string Text)
{
    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate; null gives false.</param>
    /// <param name="id">The id on success.</param>
    /// <returns>False when the text breaks <see cref="NameRules"/>.</returns>
    public static bool TryParse(string? text, out SiloId id)
    {
        id = NameRules.IsName(text) ? new SiloId(text) : default;
        return id.Text is not null;
    }

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate.</param>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">The text breaks <see cref="NameRules"/>.</exception>
    public static SiloId Parse(string? text) => new(NameRules.Require(text, "silo id"));

    /// <inheritdoc/>
    public override string ToString() => Text ?? "";
}
