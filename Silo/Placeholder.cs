namespace OrleansUem.Silo;

internal static class Placeholder;
