namespace OrleansUem.Tests;

internal static class Placeholder;
