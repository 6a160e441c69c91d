namespace OrleansUem.Uem;

/// <summary>Rows in columns on standard output.</summary>
internal static class TextTable
{
    /// <summary>Writes a head and rows; each column as wide as its widest cell.</summary>
    /// <param name="head">The column names.</param>
    /// <param name="rows">As many cells each.</param>
    /// <param name="hasMore">Whether the list goes on; said on standard error.</param>
    public static void Write(string[] head, IEnumerable<string[]> rows, bool hasMore)
    {
        var lines = new List<string[]> { head };
        lines.AddRange(rows);
        var widths = Enumerable.Range(0, head.Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            Console.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        if (hasMore)
        {
            Console.Error.WriteLine("(the list goes on; the admin API pages through it)");
        }
    }
}
