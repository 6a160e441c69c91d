using OrleansUem.Agent.Apps;

namespace OrleansUem.Device.Apps;

/// <summary>
/// The named set: the programs that a person lets into the tunnel of <c>uem device up --apps</c>. A name is found as a shell finds it; two paths are one program when they differ by a
/// symbolic link of their directories (/bin and /usr/bin) only.
/// </summary>
public sealed class AppNames
{
    /// <summary>Programs at most. Arbitrary: more than a person names.</summary>
    public const int Max = 64;

    private AppNames(IReadOnlyList<string> programs) => Programs = programs;

    /// <summary>Full paths, in the order they were named.</summary>
    public IReadOnlyList<string> Programs { get; }

    /// <summary>Reads the set.</summary>
    /// <param name="option">The option's name, for the error.</param>
    /// <param name="words">Names and paths of programs; several in a word with commas.</param>
    /// <exception cref="FormatException">None, too many, one that is no program or one named twice; the text is for the person who typed it.</exception>
    public static AppNames Read(string option, IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(option);
        ArgumentNullException.ThrowIfNull(words);
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        var programs = new List<string>();
        foreach (var name in words.SelectMany(word => word.Split(',')))
        {
            if (programs.Count == Max)
            {
                throw new FormatException($"{option} names more than {Max} apps.");
            }

            var program = Find(option, name);
            if (!named.TryAdd(program, name))
            {
                throw new FormatException(named[program] == name ? $"{option} names '{name}' twice." : $"{option} names one app twice: '{named[program]}' and '{name}' are {program}.");
            }

            programs.Add(program);
        }

        return programs.Count > 0 ? new AppNames(programs) : throw new FormatException($"{option} names no app.");
    }

    /// <summary>Whether the set has this program.</summary>
    /// <param name="program">As of <see cref="Canonical"/>.</param>
    public bool Contains(string program) => Programs.Contains(program, StringComparer.Ordinal);

    /// <summary>One text for one program.</summary>
    /// <param name="path">Its full path.</param>
    public static string Canonical(string path) => ProgramPath.Canonical(path);

    private static string Find(string option, string name)
    {
        if (name.Length == 0)
        {
            throw new FormatException($"{option} has an empty name: write names of programs, or paths, with commas between them.");
        }

        var path = ProgramPath.Resolve(name, out var isForbidden);
        return path is not null ? Canonical(path)
            : throw new FormatException(isForbidden
                ? $"{option} '{name}' is no program that you may run."
                : $"{option} '{name}': there is no such program. Write its path if it is not on PATH.");
    }
}
