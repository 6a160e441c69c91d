namespace OrleansUem.Device.Names;

/// <summary>How names are resolved while a device's agent runs.</summary>
/// <param name="By">Who splits them: <c>resolved</c>, <c>stub</c>, <c>app</c> (the apps' own resolv.conf), or <c>none</c>: all names go where they went before.</param>
/// <param name="Servers">The organisation's name servers.</param>
/// <param name="Domains">The domains whose names they are asked for; empty with servers: all names.</param>
/// <param name="Notice">With none: why, in one line; empty: there is nothing to set.</param>
public sealed record NameReport(string By, IReadOnlyList<string> Servers, IReadOnlyList<string> Domains, string Notice)
{
    /// <summary>Nothing was given or set yet.</summary>
    public static NameReport Nothing { get; } = new("none", [], [], "");

    /// <summary>The apps' own: servers and domains are those of the tunnel.</summary>
    public static NameReport OfApp { get; } = new("app", [], [], "");
}
