using OrleansUem.Tests.Repo;

namespace OrleansUem.Tests.LoadTest.Throughput;

/// <summary>Output of real programs, recorded once.</summary>
internal static class Recordings
{
    public static string Read(string name) => Repository.Read("Tests/LoadTest/Throughput/Recorded/" + name);
}
