namespace OrleansUem.Edge;

internal static class Placeholder;
