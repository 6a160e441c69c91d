namespace OrleansUem.LoadTest.Throughput;

/// <summary>Names of <see cref="LinkVariant"/> on the command line and in tables, and what ethtool is told for them.</summary>
public static class LinkVariants
{
    private static readonly string[] NoSegmentation = ["tso", "off", "gso", "off", "tx-udp-segmentation", "off"];

    public static IReadOnlyList<LinkVariant> All { get; } = Enum.GetValues<LinkVariant>();

    /// <summary>The variant of that name; null: there is none.</summary>
    public static LinkVariant? Find(string name) => All.Where(variant => NameOf(variant) == name).Select(variant => (LinkVariant?)variant).FirstOrDefault();

    public static string NameOf(LinkVariant variant) => variant switch
    {
        LinkVariant.AsIs => "as-is",
        LinkVariant.Gro => "gro",
        _ => "none",
    };

    public static string Describe(LinkVariant variant) => variant switch
    {
        LinkVariant.AsIs => "offloads of the virtual links as they are",
        LinkVariant.Gro => "TSO, GSO and USO off, GRO on",
        _ => "all offloads off",
    };

    /// <summary>Arguments of <c>ethtool -K INTERFACE</c>; empty when nothing changes.</summary>
    internal static string[] EthtoolFeatures(LinkVariant variant) => variant switch
    {
        LinkVariant.AsIs => [],
        LinkVariant.Gro => [.. NoSegmentation, "gro", "on"],
        _ => [.. NoSegmentation, "gro", "off"],
    };
}
