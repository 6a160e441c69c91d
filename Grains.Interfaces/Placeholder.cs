namespace OrleansUem.Grains.Interfaces;

internal static class Placeholder;
