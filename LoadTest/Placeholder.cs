namespace OrleansUem.LoadTest;

internal static class Placeholder;
