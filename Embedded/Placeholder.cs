namespace OrleansUem.Embedded;

internal static class Placeholder;
