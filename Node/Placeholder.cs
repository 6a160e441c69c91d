namespace OrleansUem.Node;

internal static class Placeholder;
