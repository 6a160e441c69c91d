namespace OrleansUem.Transport;

internal static class Placeholder;
