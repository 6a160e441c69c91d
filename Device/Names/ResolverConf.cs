using System.Net;
using System.Text;

namespace OrleansUem.Device.Names;

/// <summary>The parts of resolv.conf(5) that matter to whoever stands in front of it. Pure.</summary>
/// <param name="Servers">Name servers in order, at most <see cref="ServersMax"/>, as the C library takes them.</param>
/// <param name="Search">Search domains: the last search or domain line counts.</param>
/// <param name="Options">Words of all options lines, in order.</param>
internal sealed record ResolverConf(IReadOnlyList<IPAddress> Servers, IReadOnlyList<string> Search, IReadOnlyList<string> Options)
{
    /// <summary>MAXNS of resolv.h.</summary>
    public const int ServersMax = 3;

    /// <summary>MAXDNSRCH of resolv.h, and 256 characters: the bound of C libraries before glibc 2.26. Further ones would be cut there anyhow.</summary>
    public const int SearchMax = 6;

    private const int SearchCharactersMax = 256;
    private const int OptionsMax = 16;

    // The file is the machine's own; a resolver of any kind reads a few lines.
    private const int LinesMax = 1_000;

    private static readonly char[] Blanks = [' ', '\t', '\r'];

    /// <summary>Reads the text; lines that are none of ours, and values that are wrong, are left out as the C library does.</summary>
    public static ResolverConf Parse(string text)
    {
        var servers = new List<IPAddress>();
        var search = Array.Empty<string>();
        var options = new List<string>();
        foreach (var line in text.Split('\n').Take(LinesMax))
        {
            // Keywords begin in the first column; comments are lines of their own.
            var words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || line[0] is '#' or ';' or ' ' or '\t')
            {
                continue;
            }

            switch (words[0])
            {
                case "nameserver" when servers.Count < ServersMax && IPAddress.TryParse(words[1], out var server):
                    servers.Add(server);
                    break;
                case "search" or "domain":
                    search = [.. words[1..].Take(words[0] == "domain" ? 1 : SearchMax)];
                    break;
                case "options":
                    options.AddRange(words[1..].Take(OptionsMax - options.Count));
                    break;
                default:
                    break;
            }
        }

        return new ResolverConf(servers, search, options);
    }

    /// <summary>Writes a file that sends all questions to a stub and keeps the rest.</summary>
    /// <param name="mark">The first line's text, by which the file is known as ours.</param>
    /// <param name="stub">The stub's address.</param>
    /// <param name="domains">Searched before those that were there.</param>
    public string PutBefore(string mark, IPAddress stub, IEnumerable<string> domains)
    {
        var text = new StringBuilder($"# {mark}\nnameserver {stub}\n");
        var search = new List<string>();
        var characters = 0;
        foreach (var domain in domains.Concat(Search).Distinct(StringComparer.OrdinalIgnoreCase).Take(SearchMax))
        {
            characters += domain.Length + 1;
            if (characters > SearchCharactersMax)
            {
                break;
            }

            search.Add(domain);
        }

        if (search.Count > 0)
        {
            text.Append($"search {string.Join(' ', search)}\n");
        }

        if (Options.Count > 0)
        {
            text.Append($"options {string.Join(' ', Options)}\n");
        }

        return text.ToString();
    }
}
