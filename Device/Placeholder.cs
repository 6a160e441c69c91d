namespace OrleansUem.Device;

internal static class Placeholder;
