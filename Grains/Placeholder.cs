namespace OrleansUem.Grains;

internal static class Placeholder;
